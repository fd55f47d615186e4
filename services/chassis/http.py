"""The HTTP door: one app factory, one problem renderer, probes, metrics and the correlation of every line."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Flask, Response, g, json, request
from flask_smorest import Api, Blueprint
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from werkzeug.exceptions import HTTPException

from contracts.claims import Principal
from contracts.http.problem import MEDIA_TYPE, ProblemSchema
from services.chassis import logs
from services.chassis.auth_verify import Verifier
from services.chassis.errors import FlowLlamaError, UnauthenticatedError, UnsupportedMediaError, as_http
from services.chassis.ids import new_id
from services.chassis.metrics import HTTP_REQUESTS, HTTP_SECONDS

log = logs.get_logger(__name__)

MAX_BODY_BYTES = 65_536
Check = Callable[[], None]
_LOCATIONS = ("json", "query")  # webargs names them above the fields.
_PROBES = ("/healthz", "/readyz", "/metrics")
_CORRELATION_MAX = 64
_CORRELATION_CHARS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


class ProblemApi(Api):  # type: ignore[misc]  # flask-smorest has no types.
    """flask-smorest with our problem documents in place of its own error body."""

    ERROR_SCHEMA = ProblemSchema
    DEFAULT_ERROR_RESPONSE_NAME = "Problem"

    def handle_http_exception(self, error: HTTPException) -> Response:
        return _http_problem(error)


def create_app(
    service: str, title: str, blueprints: Sequence[Blueprint], *, readiness: Mapping[str, Check]
) -> Flask:
    """A Flask app with every blueprint behind the same error renderer, body cap, probes and request log.

    `readiness` names what must answer before traffic comes; each check raises when it does not.
    """
    app = Flask(service, static_folder=None)
    app.config.update(
        API_TITLE=title,
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        JSON_SORT_KEYS=False,
    )
    app.before_request(_begin)
    app.after_request(_end)
    api = ProblemApi(app)
    for blueprint in blueprints:
        api.register_blueprint(blueprint)
    app.register_error_handler(Exception, _problem_of)
    _add_probes(app, readiness)
    app.extensions["flowllama_api"] = api
    return app


def require_user(verifier: Verifier) -> Callable[[], None]:
    """A `before_request` for blueprints of users: their token is checked before anything is read."""
    return lambda: _require(verifier.user)


def require_service(verifier: Verifier) -> Callable[[], None]:
    """A `before_request` for internal blueprints: only tokens auth issued to services pass."""
    return lambda: _require(verifier.service)


def principal() -> Principal:
    """Who makes this request; only within a protected blueprint."""
    caller: Principal = g.principal
    return caller


def correlation_id() -> str:
    value: str = g.correlation_id
    return value


def client_address() -> str:
    """The caller's address; behind the edge, the one it put at the end of X-Forwarded-For."""
    forwarded = request.headers.get("X-Forwarded-For", "")
    if forwarded and request.remote_addr in ("127.0.0.1", "::1"):
        return forwarded.rsplit(",", 1)[-1].strip()
    return request.remote_addr or ""


def problem(error: FlowLlamaError) -> Response:
    """The document of one error, as its class says."""
    body: dict[str, Any] = {
        "type": f"https://flowllama.dev/problems/{error.kind}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "instance": request.path,
        "correlation_id": getattr(g, "correlation_id", None),
    }
    if error.errors:
        body["errors"] = list(error.errors)
    return _render(body, error.status, error.headers)


def _require(verify: Callable[[str], Principal]) -> None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise UnauthenticatedError
    g.principal = verify(token.strip())


def _begin() -> None:
    g.started = time.monotonic()
    given = request.headers.get("X-Correlation-Id", "")
    acceptable = 0 < len(given) <= _CORRELATION_MAX and _CORRELATION_CHARS.issuperset(given)
    g.correlation_id = given if acceptable else new_id("req")
    logs.bind(correlation_id=g.correlation_id)
    if request.method in ("POST", "PUT", "PATCH") and request.content_length and not request.is_json:
        raise UnsupportedMediaError


def _end(response: Response) -> Response:
    response.headers["X-Correlation-Id"] = getattr(g, "correlation_id", "")
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["X-Content-Type-Options"] = "nosniff"
    route = request.url_rule.rule if request.url_rule else "unmatched"
    seconds = time.monotonic() - getattr(g, "started", time.monotonic())
    HTTP_REQUESTS.labels(route, request.method, response.status_code).inc()
    HTTP_SECONDS.labels(route).observe(seconds)
    if route not in _PROBES:
        log.info(
            "http_request",
            method=request.method,
            route=route,
            status=response.status_code,
            ms=round(seconds * 1000, 1),
        )
    return response


def _problem_of(error: Exception) -> Response:
    if isinstance(error, HTTPException):
        return _http_problem(error)
    shown = as_http(error)
    if shown.status >= 500:  # noqa: PLR2004 - a class of statuses
        log.error(
            "request_failed", error=type(error).__name__, exc_info=not isinstance(error, FlowLlamaError)
        )
    return problem(shown)


def _http_problem(error: HTTPException) -> Response:
    """Werkzeug's and webargs' own errors in our form. Their headers (`Allow`, `Retry-After`) stay."""
    status = error.code or 500
    body: dict[str, Any] = {
        "type": f"https://flowllama.dev/problems/{error.name.lower().replace(' ', '-')}",
        "title": error.name,
        "status": status,
        "detail": error.description,
        "instance": request.path,
        "correlation_id": getattr(g, "correlation_id", None),
    }
    messages = (getattr(error, "data", None) or {}).get("messages")
    if messages:
        body["errors"] = list(_flatten(messages))
        body["detail"] = "; ".join(f"{entry['field']}: {entry['message']}" for entry in body["errors"][:3])
    headers = {name: value for name, value in error.get_headers() if name.lower() in ("allow", "retry-after")}
    return _render(body, status, headers)


def _flatten(messages: Any, path: tuple[str, ...] = ()) -> Sequence[Mapping[str, str]]:
    if isinstance(messages, Mapping):
        return [
            entry
            for key, value in messages.items()
            for entry in _flatten(value, path if not path and key in _LOCATIONS else (*path, str(key)))
        ]
    texts = messages if isinstance(messages, list) else [messages]
    return [{"field": ".".join(path) or "body", "message": str(text)} for text in texts]


def _render(body: Mapping[str, Any], status: int, headers: Mapping[str, str]) -> Response:
    response = Response(json.dumps(body), status=status, mimetype=MEDIA_TYPE)
    response.headers.update(headers)
    return response


def _add_probes(app: Flask, readiness: Mapping[str, Check]) -> None:
    def healthz() -> Mapping[str, str]:
        """Alive, whatever the store or the broker do."""
        return {"status": "ok"}

    def readyz() -> tuple[Mapping[str, Any], int]:
        """Ready for traffic: everything that requests need answers."""
        failing = [name for name, check in readiness.items() if not _passes(check)]
        return {"status": "unready" if failing else "ok", "failing": failing}, 503 if failing else 200

    def metrics() -> Response:
        return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)

    app.add_url_rule("/healthz", view_func=healthz)
    app.add_url_rule("/readyz", view_func=readyz)
    app.add_url_rule("/metrics", view_func=metrics)


def _passes(check: Check) -> bool:
    try:
        check()
    except Exception as error:  # noqa: BLE001 - a probe reports every kind of failure the same way.
        log.warning("readiness_check_failed", error=type(error).__name__)
        return False
    return True
