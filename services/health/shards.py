"""Who polls what: instances fall into shards, and each shard has one poller, by lease.

A holder stops well before its lease lapses, by its own monotonic clock, so two never poll the same instance.
"""

import time
import zlib
from collections.abc import Callable

from services.chassis import leases
from services.chassis.logs import get_logger
from services.chassis.mongo import Store
from services.health.store import POLLER_SHARDS

log = get_logger(__name__)

TTL_S = 15.0
RENEW_EVERY_S = 3.0
SAFETY_S = 6.0  # Longer than one look's deadline: what is under way ends before anybody else begins.


class Shards:
    def __init__(
        self,
        store: Store,
        owner: str,
        *,
        count: int,
        most: int,
        ttl_s: float = TTL_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`count` must be the same in every poller; `most` bounds what this one takes."""
        self._records = store[POLLER_SHARDS.name]
        self._owner = owner
        self._count = count
        self._most = most
        self._ttl_s = ttl_s
        self._monotonic = monotonic
        self._held: dict[int, tuple[int, float]] = {}  # Shard to epoch and the time its lease is sure until.

    def refresh(self) -> None:
        """Renew what we hold, take what is free. Call at least every `RENEW_EVERY_S`."""
        for shard, (epoch, _) in list(self._held.items()):
            self._renew(shard, epoch)
        for shard in range(self._count):
            if shard not in self._held and len(self._held) < self._most:
                self._take(shard)

    def holds(self, placement_id: str) -> bool:
        """Whether we, and surely nobody else, may poll this instance now."""
        held = self._held.get(zlib.crc32(placement_id.encode()) % self._count)
        return held is not None and self._monotonic() < held[1]

    def release(self) -> None:
        """Let the next poller in at once."""
        for shard, (epoch, _) in self._held.items():
            leases.release(self._records, self._name(shard), field="lease", owner=self._owner, epoch=epoch)
        self._held.clear()

    def _renew(self, shard: int, epoch: int) -> None:
        asked_at = self._monotonic()
        if leases.renew(
            self._records, self._name(shard), field="lease", owner=self._owner, epoch=epoch, ttl_s=self._ttl_s
        ):
            self._held[shard] = (epoch, asked_at + self._ttl_s - SAFETY_S)
        else:
            del self._held[shard]
            log.warning("shard_lost", shard=shard)

    def _take(self, shard: int) -> None:
        asked_at = self._monotonic()
        record = leases.acquire(
            self._records, self._name(shard), field="lease", owner=self._owner, ttl_s=self._ttl_s
        )
        if record is not None:
            self._held[shard] = (record["lease"]["epoch"], asked_at + self._ttl_s - SAFETY_S)
            log.info("shard_taken", shard=shard, epoch=record["lease"]["epoch"])

    def _name(self, shard: int) -> str:
        return f"{shard}/{self._count}"
