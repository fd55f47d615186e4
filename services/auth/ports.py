"""What the handlers need from outside; the composition root fills it."""

from dataclasses import dataclass

from services.auth.audit import AuditLog
from services.auth.passwords import Passwords
from services.auth.throttle import Throttle
from services.auth.tokens import Minter
from services.chassis.clock import Clock
from services.chassis.mongo import Store
from services.chassis.sealing import Sealer


@dataclass(frozen=True)
class Ports:
    store: Store
    clock: Clock
    passwords: Passwords
    minter: Minter
    sealer: Sealer
    audit: AuditLog
    throttle: Throttle
