"""JSON logs: a constant event name and fields, with the correlation bound once per request or message."""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

_SECRET_MARKS = ("token", "secret", "password", "authorization", "sealed", "api_key")
_HARMLESS = ("token_type", "tokens_per_s", "min_tokens_per_s", "sha256")


def configure(service: str, level: str = "INFO") -> None:
    """Send everything, the libraries' own lines too, as one JSON object a line to standard output."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _named(service),
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(default=str),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("botocore", "urllib3", "pymongo", "boto3", "werkzeug"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def bind(**fields: str | None) -> None:
    """Bind fields to every later line of this request or message; the former ones are forgotten."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(**{name: value for name, value in fields.items() if value})


def redact(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """A secret that is logged by mistake is not written: its field name gives it away."""
    for name in event:
        lowered = name.lower()
        if any(mark in lowered for mark in _SECRET_MARKS) and not any(word in lowered for word in _HARMLESS):
            event[name] = "[redacted]"
    return event


def _named(service: str) -> Any:
    def add(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        event["service"] = service
        return event

    return add
