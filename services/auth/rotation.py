"""Refresh: every use of a refresh token gives out its one successor; a second use ends the whole session.

A client whose answer was lost may repeat the request for ten seconds and gets the same successor, as long as nobody
has used that one (FAPI 2.0 asks for a retry to work). Two requests at once meet at one compare-and-set: the loser
finds the winner's successor. Whoever comes later with a used token holds a copy, and it can't be told which of the
two holders is the thief (RFC 9700, 4.14.2).
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from services.auth import store as records
from services.auth.audit import AuditEvent
from services.auth.origin import Origin
from services.auth.ports import Ports
from services.auth.refusals import RefreshRefusedError
from services.auth.sessions import answer, new_token_record
from services.auth.tokens import digest, new_refresh_token
from services.chassis.mongo import Document

GRACE = timedelta(seconds=10)


def refresh(fields: Mapping[str, Any], origin: Origin, *, ports: Ports) -> Mapping[str, Any]:
    """Raises `RefreshRefusedError`, the same for every reason."""
    shown = digest(fields["refresh_token"])
    kept = records.refresh_token(ports.store, shown, ports.clock())
    if kept is None:
        raise RefreshRefusedError
    session = _live_session(kept, origin, ports)
    successor = _rotate(kept, session, ports) or _repeat(shown, session, origin, ports)
    # Read again: a session that ended while we rotated must not get a token that outlives the feed's entry.
    session = _live_session(kept, origin, ports)
    user = records.user_by_id(ports.store, session["user_id"])
    if user is None:
        raise RefreshRefusedError
    ports.audit.record(AuditEvent.TOKEN_REFRESHED, origin, user_id=user["_id"], session_id=session["_id"])
    return answer(user, session, successor, ports)


def _live_session(kept: Mapping[str, Any], origin: Origin, ports: Ports) -> Document:
    session = records.live_session(ports.store, kept["session_id"], ports.clock())
    if session is None:
        ports.audit.record(AuditEvent.USE_AFTER_END, origin, session_id=kept["session_id"])
        raise RefreshRefusedError
    return session


def _rotate(kept: Mapping[str, Any], session: Mapping[str, Any], ports: Ports) -> str | None:
    """The successor, or None where the token has been used. It stands in the store before it is given out."""
    if kept.get("rotated_at") is not None:
        return None
    now, successor = ports.clock(), new_refresh_token()
    record = new_token_record(successor, session, now)
    records.add_refresh_token(ports.store, record)
    if records.rotate_refresh_token(
        ports.store, kept["_id"], record["_id"], ports.sealer.seal(successor), now
    ):
        return successor
    used = records.refresh_token(ports.store, kept["_id"], now)
    if used is not None and used["successor"] == record["_id"]:
        return successor  # The driver repeated a write whose answer was lost, and met its own mark.
    records.drop_refresh_token(ports.store, record["_id"])
    return None


def _repeat(shown: str, session: Mapping[str, Any], origin: Origin, ports: Ports) -> str:
    """The successor once more within the grace; else the session ends and `RefreshRefusedError` is raised."""
    now = ports.clock()
    used = records.refresh_token(ports.store, shown, now)
    if used is not None and now - used["rotated_at"] <= GRACE:
        successor = records.refresh_token(ports.store, used["successor"], now)
        if successor is not None and successor.get("rotated_at") is None:
            return ports.sealer.open(used["successor_sealed"])
    records.revoke_session(ports.store, session["_id"], "refresh_token_reuse")
    ports.audit.record(AuditEvent.TOKEN_REUSE, origin, user_id=session["user_id"], session_id=session["_id"])
    raise RefreshRefusedError
