"""What auth asks of its collections, one function a question."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from services.auth.schema import ATTEMPTS, AUDIT, COLLECTIONS, REFRESH_TOKENS, SESSIONS, USERS
from services.chassis.mongo import Document, Migration, Store, declare

MIGRATIONS = (
    Migration(
        1, "users, sessions, refresh tokens, audit, attempts", lambda store: declare(store, COLLECTIONS)
    ),
)


def add_user(store: Store, user: Mapping[str, Any]) -> bool:
    """False: the address has an account already, which stays as it is."""
    try:
        store[USERS.name].insert_one(dict(user))
    except DuplicateKeyError:
        return False
    return True


def user_by_email(store: Store, email: str) -> Document | None:
    return store[USERS.name].find_one({"email": email})


def user_by_id(store: Store, user_id: str) -> Document | None:
    return store[USERS.name].find_one({"_id": user_id})


def replace_hash(store: Store, user: Mapping[str, Any], password_hash: str, now: datetime) -> None:
    """Nothing where the password was changed meanwhile."""
    store[USERS.name].update_one(
        {"_id": user["_id"], "password_hash": user["password_hash"]},
        {"$set": {"password_hash": password_hash, "updated_at": now}},
    )


def set_tier(store: Store, email: str, tier: str, now: datetime) -> Document | None:
    """The user as before the change; None: there is no such user."""
    return store[USERS.name].find_one_and_update(
        {"email": email}, {"$set": {"tier": tier, "updated_at": now}}, return_document=ReturnDocument.BEFORE
    )


def add_session(store: Store, session: Mapping[str, Any]) -> None:
    store[SESSIONS.name].insert_one(dict(session))


def live_session(store: Store, session_id: str, now: datetime) -> Document | None:
    """The session, unless it was revoked, has expired or never was."""
    return store[SESSIONS.name].find_one({"_id": session_id, "revoked_at": None, "expires_at": {"$gt": now}})


def revoke_session(store: Store, session_id: str, reason: str) -> bool:
    """End it. The time is the store's own, so that the feed has one order. False: it had ended early before."""
    result = store[SESSIONS.name].update_one(
        {"_id": session_id, "revoked_at": None},
        [{"$set": {"revoked_at": "$$NOW", "revoked_reason": {"$literal": reason}}}],
    )
    return result.matched_count == 1


def revoked_since(store: Store, moment: datetime) -> Sequence[Document]:
    """Oldest first."""
    found = store[SESSIONS.name].find({"revoked_at": {"$gte": moment}}, {"revoked_at": 1})
    return sorted(found, key=lambda session: session["revoked_at"])


def add_refresh_token(store: Store, token: Mapping[str, Any]) -> None:
    store[REFRESH_TOKENS.name].insert_one(dict(token))


def drop_refresh_token(store: Store, digest: str) -> None:
    store[REFRESH_TOKENS.name].delete_one({"_id": digest})


def refresh_token(store: Store, digest: str, now: datetime) -> Document | None:
    """The index removes expired ones within a minute or so; until then they count for nothing."""
    return store[REFRESH_TOKENS.name].find_one({"_id": digest, "expires_at": {"$gt": now}})


def rotate_refresh_token(store: Store, digest: str, successor: str, sealed: str, now: datetime) -> bool:
    """The one compare-and-set of a rotation. False: it was used before."""
    tokens = store[REFRESH_TOKENS.name]
    result = tokens.update_one(
        {"_id": digest, "rotated_at": None},
        {"$set": {"rotated_at": now, "successor": successor, "successor_sealed": sealed}},
    )
    if result.matched_count:
        # Whoever has used this token has no need to be told it again.
        tokens.update_one({"successor": digest}, {"$unset": {"successor_sealed": ""}})
    return result.matched_count == 1


def add_audit(store: Store, record: Mapping[str, Any]) -> None:
    store[AUDIT.name].insert_one(dict(record))


def count_attempt(
    store: Store, key: str, *, free: int, cap_s: int, forget_s: int, now: datetime
) -> tuple[bool, Document]:
    """Count one attempt in one atomic step, unless the key is blocked: then False and the record that blocks.

    Beyond `free` attempts each one blocks the next for 1, 2, 4 … seconds, at most `cap_s`.
    """
    now_ms = int(now.timestamp() * 1000)
    forget_at = now + timedelta(seconds=forget_s)
    step = _counted(now_ms, free, cap_s, forget_at)
    attempts = store[ATTEMPTS.name]
    while True:
        counted = attempts.find_one_and_update(
            {"_id": key, "blocked_until_ms": {"$lte": now_ms}}, step, return_document=ReturnDocument.AFTER
        )
        if counted is not None:
            return True, counted
        blocking = attempts.find_one({"_id": key, "blocked_until_ms": {"$gt": now_ms}})
        if blocking is not None:
            return False, blocking
        # Not an upsert: where two of them meet, the embedded store applies both and answers one with nothing.
        with suppress(DuplicateKeyError):
            attempts.insert_one({"_id": key, "count": 0, "blocked_until_ms": 0, "forget_at": forget_at})


def uncount_attempt(store: Store, key: str) -> None:
    store[ATTEMPTS.name].update_one({"_id": key, "count": {"$gt": 0}}, {"$inc": {"count": -1}})


def forget_attempts(store: Store, keys: Sequence[str]) -> None:
    store[ATTEMPTS.name].delete_many({"_id": {"$in": list(keys)}})


def mark_known(store: Store, key: str, until: datetime) -> None:
    store[ATTEMPTS.name].update_one({"_id": key}, {"$max": {"forget_at": until}}, upsert=True)


def is_known(store: Store, key: str, now: datetime) -> bool:
    return store[ATTEMPTS.name].find_one({"_id": key, "forget_at": {"$gt": now}}) is not None


def _counted(now_ms: int, free: int, cap_s: int, forget_at: datetime) -> list[Mapping[str, Any]]:
    remembered = {"$gt": [{"$ifNull": [{"$toLong": "$forget_at"}, 0]}, now_ms]}
    count = {"$cond": [remembered, {"$add": [{"$ifNull": ["$count", 0]}, 1]}, 1]}
    # The exponent is bounded, so that the power stays a number whatever the count.
    exponent = {"$min": [20, {"$subtract": ["$count", free + 1]}]}
    delay_ms = {"$multiply": [1000, {"$min": [cap_s, {"$pow": [2, exponent]}]}]}
    blocked = {"$cond": [{"$gt": ["$count", free]}, {"$toLong": {"$add": [now_ms, delay_ms]}}, 0]}
    return [{"$set": {"count": count}}, {"$set": {"blocked_until_ms": blocked, "forget_at": forget_at}}]
