"""Every answer that is not 2xx is a problem document, whoever raised it: we, Flask, webargs or the store."""

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Response, g, json, request
from werkzeug.exceptions import HTTPException

from contracts.http.problem import MEDIA_TYPE
from services.chassis import errors
from services.chassis.errors import FlowLlamaError
from services.chassis.logs import get_logger

log = get_logger(__name__)

MAX_ERRORS = 50
_LOCATIONS = ("json", "query", "headers", "path")  # webargs names them above the fields.
_KEPT_HEADERS = ("allow", "retry-after", "www-authenticate")
# What webargs and Flask raise has the same kind as what we raise, so that a client knows one name for it.
_KINDS: Mapping[int, type[FlowLlamaError]] = {
    kind.status: kind
    for kind in (
        errors.MalformedError,
        errors.UnauthenticatedError,
        errors.ForbiddenError,
        errors.NotFoundError,
        errors.ConflictError,
        errors.UnsupportedMediaError,
        errors.InvalidError,
        errors.ThrottledError,
        errors.UnavailableError,
        errors.FlowLlamaError,
    )
}


def of(error: Exception) -> Response:
    """The answer to any exception. What we did not foresee is logged whole and shown bare."""
    if isinstance(error, HTTPException):
        return _of_http(error)
    shown = errors.as_http(error)
    if shown.status >= 500:  # noqa: PLR2004 - a class of statuses
        foreseen = isinstance(error, FlowLlamaError)
        log.error("request_failed", error=type(error).__name__, exc_info=None if foreseen else error)
    return document(shown)


def document(error: FlowLlamaError) -> Response:
    """The document of one error, as its class says."""
    body = _body(error.kind, error.title, error.status, error.detail)
    if error.errors:
        body["errors"] = list(error.errors)[:MAX_ERRORS]
    return _render(body, error.headers)


def _of_http(error: HTTPException) -> Response:
    """Werkzeug's and webargs' own errors in our form. The headers that tell what to do next stay."""
    status = error.code or 500
    known = _KINDS.get(status)
    kind, title = (known.kind, known.title) if known else (error.name.lower().replace(" ", "-"), error.name)
    body = _body(kind, title, status, error.description or title)
    messages = (getattr(error, "data", None) or {}).get("messages")
    if messages:
        found = list(_flat(messages))
        body["errors"] = found[:MAX_ERRORS]
        body["detail"] = "; ".join(f"{entry['field']}: {entry['message']}" for entry in found[:3])
    headers = {name: value for name, value in error.get_headers() if name.lower() in _KEPT_HEADERS}
    return _render(body, headers)


def _body(kind: str, title: str, status: int, detail: str) -> dict[str, Any]:
    return {
        "type": f"https://flowllama.dev/problems/{kind}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": request.path,
        "correlation_id": getattr(g, "correlation_id", None),
    }


def _flat(messages: Any, path: tuple[str, ...] = ()) -> Iterator[Mapping[str, str]]:
    if isinstance(messages, Mapping):
        for key, value in messages.items():
            above = not path and key in _LOCATIONS
            yield from _flat(value, path if above else (*path, str(key)))
    else:
        for text in messages if isinstance(messages, list) else [messages]:
            yield {"field": ".".join(path) or "body", "message": str(text)}


def _render(body: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    response = Response(json.dumps(body), status=body["status"], mimetype=MEDIA_TYPE)
    response.headers.update(headers)
    return response
