"""When to try again, by the schedule of the Standard Webhooks specification. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_M, _H = 60, 3600
# Seconds to wait before each attempt: ten in all, over 75 hours and 35 minutes.
DELAYS_S = (0, 5, 5 * _M, 30 * _M, 2 * _H, 5 * _H, 10 * _H, 14 * _H, 20 * _H, 24 * _H)
JITTER = 0.1  # Up to a tenth is added, so that what failed together does not come back together.
MAX_RETRY_AFTER = timedelta(hours=24)


def next_attempt(attempts: int, now: datetime, jitter: float) -> datetime | None:
    """The time of the attempt after `attempts` failed ones, or None when all are used. `jitter` is in 0..1."""
    if attempts >= len(DELAYS_S):
        return None
    return now + timedelta(seconds=DELAYS_S[attempts] * (1 + JITTER * jitter))


def retry_after(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """The pause a receiver asks for, in seconds or as a date, at most a day. None: it asks for none we can read."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdecimal():
        until = now + min(timedelta(seconds=min(int(text[:9]), 10**8)), MAX_RETRY_AFTER)
    else:
        try:
            until = parsedate_to_datetime(text)
        except (ValueError, TypeError):
            return None
        until = min(until if until.tzinfo else until.replace(tzinfo=UTC), now + MAX_RETRY_AFTER)
    return until if until > now else None
