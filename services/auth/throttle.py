"""Slow down guessing without locking anybody out: a delay that doubles, by account, by address and by both.

The counts live in the store, so that neither a restart nor a second process forgets them. An attempt is counted
before the password is compared, so that a burst in parallel is counted too. Unknown accounts are counted like known
ones. From an address where the owner has signed in before, the account's own delay does not apply: whoever hammers
an account from elsewhere can't keep its owner out.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network
from math import ceil

from services.auth import store as records
from services.auth.audit import AuditEvent, AuditLog
from services.auth.origin import UNKNOWN, Origin
from services.chassis.clock import Clock
from services.chassis.config import Network
from services.chassis.errors import ThrottledError
from services.chassis.logs import get_logger
from services.chassis.mongo import Store

log = get_logger(__name__)

KNOWN_FOR = timedelta(days=30)


@dataclass(frozen=True)
class Rule:
    """`free` attempts come without delay; the delay ends at `cap_s`; an hour of quiet forgets the count."""

    name: str
    free: int
    cap_s: int
    forget_s: int = 3600


ACCOUNT_AT_ADDRESS = Rule("login", free=5, cap_s=900)
ACCOUNT = Rule("account", free=10, cap_s=60)
ADDRESS = Rule("address", free=20, cap_s=60)
REGISTRATION = Rule("register", free=20, cap_s=60)


@dataclass(frozen=True)
class Throttle:
    store: Store
    clock: Clock
    audit: AuditLog
    unthrottled: Sequence[Network] = ()

    def admit_login(self, email: str, origin: Origin) -> None:
        """Count an attempt. Raises `ThrottledError` with the seconds to wait."""
        who = _digest(email)
        if not self._is_exempt(origin):
            self._count(ADDRESS, origin.site, origin)
        self._count(ACCOUNT_AT_ADDRESS, f"{who}:{origin.site}", origin)
        if not records.is_known(self.store, _known(who, origin), self.clock()):
            self._count(ACCOUNT, who, origin)

    def login_succeeded(self, email: str, origin: Origin) -> None:
        """The account starts afresh; the address only gets this attempt back, or one valid account would clear it."""
        who = _digest(email)
        records.forget_attempts(
            self.store, [_key(ACCOUNT, who), _key(ACCOUNT_AT_ADDRESS, f"{who}:{origin.site}")]
        )
        records.uncount_attempt(self.store, _key(ADDRESS, origin.site))
        if origin.site != UNKNOWN:
            records.mark_known(self.store, _known(who, origin), self.clock() + KNOWN_FOR)

    def admit_registration(self, origin: Origin) -> None:
        """Count a registration. Raises `ThrottledError`."""
        if not self._is_exempt(origin):
            self._count(REGISTRATION, origin.site, origin)

    def _count(self, rule: Rule, key: str, origin: Origin) -> None:
        now = self.clock()
        admitted, record = records.count_attempt(
            self.store, _key(rule, key), free=rule.free, cap_s=rule.cap_s, forget_s=rule.forget_s, now=now
        )
        if not admitted:
            wait_s = max(1, ceil(record["blocked_until_ms"] / 1000 - now.timestamp()))
            log.warning("attempt_throttled", rule=rule.name, retry_after_s=wait_s)
            raise ThrottledError("Too many attempts. Wait, then try again.", retry_after_s=wait_s)
        if record["count"] == rule.free + 1:
            # Once for each wave: an attacker must not be able to fill the trail.
            event = AuditEvent.RATE_LIMIT if rule is REGISTRATION else AuditEvent.LOGIN_FAIL_MAX
            self.audit.record(event, origin, rule=rule.name, key=key)

    def _is_exempt(self, origin: Origin) -> bool:
        if origin.site == UNKNOWN:
            return False
        site = ip_network(origin.site)
        return any(site.version == net.version and site.subnet_of(net) for net in self.unthrottled)  # type: ignore[arg-type]  # same version, checked


def _key(rule: Rule, key: str) -> str:
    return f"{rule.name}:{key}"


def _known(who: str, origin: Origin) -> str:
    return f"known:{who}:{origin.site}"


def _digest(email: str) -> str:
    """Addresses that were merely tried are nobody's business, so that they are not kept in the clear."""
    return hashlib.sha256(email.encode()).hexdigest()[:32]
