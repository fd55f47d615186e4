"""Sessions: sign in, end one, and what every answer with tokens carries."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from contracts.claims import ACCESS_TOKEN_TTL_S, Principal
from contracts.vocabulary import Tier
from services.auth import store as records
from services.auth.audit import AuditEvent
from services.auth.origin import Origin
from services.auth.ports import Ports
from services.auth.refusals import WrongCredentialsError
from services.auth.tokens import TOKEN_TYPE, digest, new_refresh_token
from services.chassis.errors import UnauthenticatedError
from services.chassis.ids import new_id
from services.chassis.mongo import Document

SESSION_MAX = timedelta(days=30)
REFRESH_IDLE = timedelta(days=7)


def sign_in(fields: Mapping[str, Any], origin: Origin, *, ports: Ports) -> Mapping[str, Any]:
    """Raises `WrongCredentialsError`, always after the same work, and `ThrottledError`."""
    email, password = fields["email"], fields["password"]
    ports.throttle.admit_login(email, origin)
    user = records.user_by_email(ports.store, email)
    matches = ports.passwords.matches(user["password_hash"] if user else None, password)
    if user is None or not matches:
        ports.audit.record(AuditEvent.LOGIN_FAIL, origin, user_id=user["_id"] if user else None)
        raise WrongCredentialsError
    ports.throttle.login_succeeded(email, origin)
    if ports.passwords.is_outdated(user["password_hash"]):
        records.replace_hash(ports.store, user, ports.passwords.hash(password), ports.clock())
    return _open(user, origin, ports)


def require_live(principal: Principal, *, ports: Ports) -> None:
    """auth itself knows at once that a session has ended. Raises `UnauthenticatedError`."""
    session_id = principal.session_id
    if session_id is None or records.live_session(ports.store, session_id, ports.clock()) is None:
        raise UnauthenticatedError


def sign_out(principal: Principal, origin: Origin, *, ports: Ports) -> None:
    """Idempotent. Its refresh tokens end now, its access tokens with the next poll of the revocation feed."""
    session_id = principal.session_id
    if session_id and records.revoke_session(ports.store, session_id, "logout"):
        ports.audit.record(
            AuditEvent.TOKEN_REVOKED,
            origin,
            user_id=principal.subject,
            session_id=session_id,
            reason="logout",
        )


def new_token_record(token: str, session: Mapping[str, Any], now: datetime) -> Document:
    """A refresh token as the store keeps it; it never outlives its session."""
    return {
        "_id": digest(token),
        "session_id": session["_id"],
        "issued_at": now,
        "expires_at": min(now + REFRESH_IDLE, session["expires_at"]),
    }


def answer(
    user: Mapping[str, Any], session: Mapping[str, Any], refresh_token: str, ports: Ports
) -> Mapping[str, Any]:
    access_token = ports.minter.for_user(
        user_id=user["_id"], session_id=session["_id"], tier=Tier(user["tier"])
    )
    return {
        "access_token": access_token,
        "token_type": TOKEN_TYPE,
        "expires_in": ACCESS_TOKEN_TTL_S,
        "refresh_token": refresh_token,
    }


def _open(user: Mapping[str, Any], origin: Origin, ports: Ports) -> Mapping[str, Any]:
    now, token = ports.clock(), new_refresh_token()
    session = {
        "_id": new_id("ses"),
        "user_id": user["_id"],
        "created_at": now,
        "expires_at": now + SESSION_MAX,
        "address": origin.address,
        "user_agent": origin.user_agent,
    }
    records.add_session(ports.store, session)
    records.add_refresh_token(ports.store, new_token_record(token, session, now))
    ports.audit.record(AuditEvent.LOGIN_SUCCESS, origin, user_id=user["_id"], session_id=session["_id"])
    return answer(user, session, token, ports)
