"""The HTTP door: routes and schemas only. Everything else is in the handlers."""

from collections.abc import Mapping
from typing import Any

from flask import Response, jsonify, request
from flask_smorest import Blueprint

from contracts.http.auth import (
    AcceptedSchema,
    AccountSchema,
    JwksSchema,
    LoginSchema,
    RefreshSchema,
    RegisterSchema,
    RevocationQuerySchema,
    RevocationsSchema,
    ServiceTokenRequestSchema,
    ServiceTokenSchema,
    SessionTokensSchema,
)
from services.auth import accounts, rotation, service_tokens, sessions
from services.auth.origin import Origin, origin
from services.auth.ports import Ports
from services.auth.revocations import revocations
from services.chassis.auth_verify import Verifier
from services.chassis.http import client_address, correlation_id, principal, require_user

JWKS_MAX_AGE_S = 60
BEARER: list[dict[str, list[str]]] = [{"bearer": []}]


def public(ports: Ports) -> Blueprint:
    """For anybody: open an account, sign in, stay signed in."""
    blueprint = Blueprint("auth", __name__, url_prefix="/api/auth", description="Accounts and sessions")

    @blueprint.post("/register")
    @blueprint.arguments(RegisterSchema)
    @blueprint.response(202, AcceptedSchema)
    def register(body: dict[str, Any]) -> Any:
        return accounts.register(body, _origin(), ports=ports)

    @blueprint.post("/login")
    @blueprint.arguments(LoginSchema)
    @blueprint.response(200, SessionTokensSchema)
    def login(body: dict[str, Any]) -> Any:
        return sessions.sign_in(body, _origin(), ports=ports)

    @blueprint.post("/refresh")
    @blueprint.arguments(RefreshSchema)
    @blueprint.response(200, SessionTokensSchema)
    def refresh(body: dict[str, Any]) -> Any:
        return rotation.refresh(body, _origin(), ports=ports)

    return blueprint


def signed_in(ports: Ports, verifier: Verifier) -> Blueprint:
    """For the user whose token it is."""
    blueprint = Blueprint("account", __name__, url_prefix="/api/auth", description="One's own account")
    blueprint.before_request(require_user(verifier))
    blueprint.before_request(lambda: sessions.require_live(principal(), ports=ports))

    @blueprint.post("/logout")
    @blueprint.doc(security=BEARER)
    @blueprint.response(204)
    def logout() -> None:
        sessions.sign_out(principal(), _origin(), ports=ports)

    @blueprint.get("/me")
    @blueprint.doc(security=BEARER)
    @blueprint.response(200, AccountSchema)
    def me() -> Any:
        return accounts.me(principal(), store=ports.store)

    return blueprint


def well_known(ports: Ports) -> Blueprint:
    """The public keys, for anybody who verifies our tokens."""
    blueprint = Blueprint("keys", __name__, url_prefix="/.well-known", description="Public keys")

    @blueprint.get("/jwks.json")
    @blueprint.alt_response(200, schema=JwksSchema)
    def jwks() -> Response:
        response = jsonify(ports.minter.keys.jwks())
        response.headers["Cache-Control"] = f"public, max-age={JWKS_MAX_AGE_S}"
        return response

    return blueprint


def internal(ports: Ports, clients: Mapping[str, str]) -> Blueprint:
    """For our own services; the edge never routes these paths."""
    blueprint = Blueprint("auth-internal", __name__, url_prefix="/internal")

    @blueprint.get("/revocations")
    @blueprint.arguments(RevocationQuerySchema, location="query")
    @blueprint.response(200, RevocationsSchema)
    def list_revocations(query: dict[str, Any]) -> Any:
        return revocations(query["since"], store=ports.store, clock=ports.clock)

    @blueprint.post("/token")
    @blueprint.arguments(ServiceTokenRequestSchema)
    @blueprint.response(200, ServiceTokenSchema)
    def token(body: dict[str, Any]) -> Any:
        return service_tokens.issue(body, _origin(), clients=clients, ports=ports)

    return blueprint


def _origin() -> Origin:
    return origin(client_address(), request.user_agent.string, correlation_id())
