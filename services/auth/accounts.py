"""Accounts: open one, look at one's own, and what only an operator changes."""

from collections.abc import Mapping
from typing import Any

from contracts.claims import Principal
from contracts.vocabulary import Tier
from services.auth import store as records
from services.auth.audit import OPERATOR, AuditEvent, AuditLog
from services.auth.origin import Origin
from services.auth.passwords import require_acceptable
from services.auth.ports import Ports
from services.chassis.clock import Clock
from services.chassis.errors import NotFoundError, UnauthenticatedError
from services.chassis.ids import new_id
from services.chassis.mongo import Store

_ACCEPTED = {
    "status": "accepted",
    "detail": "If this address had no account, it has one now: sign in with the password you chose.",
}


def register(fields: Mapping[str, Any], origin: Origin, *, ports: Ports) -> Mapping[str, Any]:
    """Open a free account. The answer and its cost are the same where the address is taken.

    Raises `InvalidError` for a password that is too easy, `ThrottledError`, `UnavailableError`.
    """
    require_acceptable(fields["password"], fields["email"])
    ports.throttle.admit_registration(origin)
    now = ports.clock()
    user = {
        "_id": new_id("usr"),
        "email": fields["email"],
        "name": fields["name"],
        "password_hash": ports.passwords.hash(fields["password"]),
        "tier": Tier.FREE.value,
        "created_at": now,
        "updated_at": now,
    }
    if records.add_user(ports.store, user):
        ports.audit.record(AuditEvent.USER_CREATED, origin, user_id=user["_id"])
    else:
        ports.audit.record(AuditEvent.USER_EXISTS, origin)
    return _ACCEPTED


def me(principal: Principal, *, store: Store) -> Mapping[str, Any]:
    """Raises `UnauthenticatedError` where the account is gone though the token still holds."""
    user = records.user_by_id(store, principal.subject)
    if user is None:
        raise UnauthenticatedError
    return {
        "id": user["_id"],
        "email": user["email"],
        "name": user.get("name"),
        "tier": Tier(user["tier"]),
        "created_at": user["created_at"],
    }


def set_tier(email: str, tier: Tier, *, store: Store, clock: Clock, audit: AuditLog) -> None:
    """By an operator. Access tokens show it from their next refresh, 10 minutes at most. Raises `NotFoundError`."""
    before = records.set_tier(store, email, tier.value, clock())
    if before is None:
        raise NotFoundError(f"no account has the address {email}")
    audit.record(
        AuditEvent.PERMISSIONS_CHANGED,
        OPERATOR,
        user_id=before["_id"],
        before=before["tier"],
        after=tier.value,
    )
