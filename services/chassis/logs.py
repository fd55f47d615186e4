"""JSON logs: a constant event name and fields, with the correlation bound once per request or message."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

_SECRET_MARKS = ("token", "secret", "password", "authorization", "sealed", "api_key")
_HARMLESS = ("token_type", "tokens_per_s", "sha256")
HIDDEN = "[redacted]"
# Instance tokens, webhook secrets, JWTs, bearer headers, sealed values, and the password within a URL.
_SECRET_FORMS = re.compile(
    r"fll_[A-Za-z0-9_-]{20,}|whsec_[A-Za-z0-9+/=]{16,}|eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"
    r"|gAAAAA[A-Za-z0-9_=-]{40,}|(?i:bearer) [A-Za-z0-9._~+/=-]{8,}|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"
)


def configure(service: str, level: str = "INFO") -> None:
    """Send everything, the libraries' own lines too, as one JSON object a line to standard output."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _named(service),
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
                redact,  # Last, so that it sees tracebacks and the libraries' lines too.
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
    """A secret that is logged by mistake is not written: its field's name or its own form gives it away."""
    for name, value in event.items():
        event[name] = _redacted(name, value)
    return event


def _redacted(name: str, value: Any) -> Any:
    if _is_secret(name):
        return HIDDEN
    if isinstance(value, str):
        return _SECRET_FORMS.sub(HIDDEN, value)
    if isinstance(value, Mapping):
        return {key: _redacted(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted("", inner) for inner in value]
    if isinstance(value, BaseException):
        return _SECRET_FORMS.sub(HIDDEN, repr(value))
    return value


def _is_secret(name: str) -> bool:
    lowered = name.lower()
    return any(mark in lowered for mark in _SECRET_MARKS) and not any(word in lowered for word in _HARMLESS)


def _named(service: str) -> Any:
    def add(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        event["service"] = service
        return event

    return add
