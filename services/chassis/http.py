"""The HTTP door: one app factory, probes, metrics and the correlation of every line."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Flask, Response, current_app, g, request
from flask_smorest import Api, Blueprint
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from contracts.claims import Principal
from contracts.http.problem import ProblemSchema
from services.chassis import logs, problems
from services.chassis.auth_verify import Verifier
from services.chassis.errors import (
    MalformedError,
    UnauthenticatedError,
    UnavailableError,
    UnsupportedMediaError,
)
from services.chassis.ids import new_id
from services.chassis.metrics import HTTP_REQUESTS, HTTP_SECONDS

log = logs.get_logger(__name__)

MAX_BODY_BYTES = 65_536
Check = Callable[[], None]
_WITH_BODY = ("POST", "PUT", "PATCH")
_METHODS = (*_WITH_BODY, "GET", "HEAD", "DELETE", "OPTIONS")
CLIENT_ADDRESS_HEADER = "CLIENT_ADDRESS_HEADER"
_PROBES = ("/healthz", "/readyz", "/metrics")
_CORRELATION_MAX = 64
_CORRELATION_CHARS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


class ProblemApi(Api):  # type: ignore[misc]  # flask-smorest has no types.
    """flask-smorest with our problem documents in place of its own error body."""

    ERROR_SCHEMA = ProblemSchema
    DEFAULT_ERROR_RESPONSE_NAME = "Problem"

    def handle_http_exception(self, error: HTTPException) -> Response:
        return problems.of(error)


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
    )
    app.url_map.merge_slashes = False  # A doubled slash is not found; a redirect would drop a body.
    app.before_request(_begin)
    app.after_request(_end)
    api = ProblemApi(app)
    for blueprint in blueprints:
        blueprint.before_request(_refuse_unreadable)  # After the blueprint's own guard: 401 comes first.
        api.register_blueprint(blueprint)
    app.register_error_handler(Exception, problems.of)
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
    """The caller's address; behind the edge, the one it put at the end of X-Forwarded-For.

    Where an edge elsewhere overwrites a header of its own with it (`CLIENT_ADDRESS_HEADER`), that one.
    """
    own_header = current_app.config.get(CLIENT_ADDRESS_HEADER)
    if own_header:
        return request.headers.get(own_header, "").strip() or request.remote_addr or ""
    forwarded = request.headers.get("X-Forwarded-For", "")
    if forwarded and request.remote_addr in ("127.0.0.1", "::1"):
        return forwarded.rsplit(",", 1)[-1].strip()
    return request.remote_addr or ""


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


def _refuse_unreadable() -> None:
    """A body that is no JSON, or JSON that no field could take: nested too deep, numbers too long, half characters.

    NaN and Infinity, which many libraries write, pass here: every number field refuses them, and names its range.
    """
    if request.method not in _WITH_BODY:
        return
    if request.content_length is None and "Transfer-Encoding" not in request.headers:
        return
    body = request.get_data()
    if request.content_length is None and len(body) >= MAX_BODY_BYTES:
        raise RequestEntityTooLarge  # Werkzeug cuts a body of unknown length at the cap in silence.
    if body and not request.is_json:
        raise UnsupportedMediaError
    try:
        json.dumps(json.loads(body or b"null"), ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise MalformedError("The body is not well-formed JSON.") from error


def _end(response: Response) -> Response:
    response.headers["X-Correlation-Id"] = getattr(g, "correlation_id", "")
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["X-Content-Type-Options"] = "nosniff"
    route = request.url_rule.rule if request.url_rule else "unmatched"
    seconds = time.monotonic() - getattr(g, "started", time.monotonic())
    # A caller may invent methods, and each label value is kept for ever.
    method = request.method if request.method in _METHODS else "other"
    HTTP_REQUESTS.labels(route, method, response.status_code).inc()
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


def _add_probes(app: Flask, readiness: Mapping[str, Check]) -> None:
    def healthz() -> Mapping[str, str]:
        """Alive, whatever the store or the broker do."""
        return {"status": "ok"}

    def readyz() -> Response | Mapping[str, Any]:
        """Ready for traffic: everything that requests need answers."""
        failing = [name for name, check in readiness.items() if not _passes(check)]
        if not failing:
            return {"status": "ok"}
        errors = [{"field": name, "message": "does not answer"} for name in failing]
        return problems.document(UnavailableError(f"Not ready: {', '.join(failing)}.", errors=errors))

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
