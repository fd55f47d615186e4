"""The feed of sessions that ended early, which every verifier polls.

The cursor is the store's own time of the latest revocation that was shown. Each look goes back a minute before it:
a revocation that was stamped earlier and committed later is still found, as long as its write took less than that
(the driver gives up after 20 s, and tries once more). Readers see entries twice, and may.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.claims import ACCESS_TOKEN_TTL_S, CLOCK_LEEWAY_S
from services.auth import store as records
from services.chassis.clock import Clock
from services.chassis.mongo import Store

OVERLAP = timedelta(seconds=60)
# Tokens of a refresh that was under way at the revocation were minted a little after it, at most this much.
_MINTED_LATE_S = 60
IN_FORCE = timedelta(seconds=ACCESS_TOKEN_TTL_S + CLOCK_LEEWAY_S + _MINTED_LATE_S)


def revocations(since: str, *, store: Store, clock: Clock) -> Mapping[str, Any]:
    """Everything revoked since the cursor; without one, all that a token could still be valid for."""
    oldest = clock() - IN_FORCE
    start = max(_moment(since) - OVERLAP, oldest) if since else oldest
    found = records.revoked_since(store, start)
    latest = found[-1]["revoked_at"] if found else start
    return {
        "revoked": [{"sid": session["_id"], "until": _until(session["revoked_at"])} for session in found],
        "cursor": str(max(_milliseconds(latest), int(since or 0))),
    }


def _until(revoked_at: datetime) -> int:
    return int((revoked_at + IN_FORCE).timestamp()) + 1


def _moment(cursor: str) -> datetime:
    return datetime.fromtimestamp(int(cursor) / 1000, UTC)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
