"""The record of a deployment's run: taken under a lease, written under its fence, and never twice at once."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from pymongo.errors import DuplicateKeyError

from contracts.envelope import Message
from contracts.topology import LEASE_S
from services.agent.store import RUNS
from services.chassis import leases, outbox
from services.chassis.clock import Clock, utc_now
from services.chassis.mongo import Document, Store

# A run that died may have left a Terraform that still winds down: its successor waits this much past the lease.
TAKEOVER_GRACE_S = 10
FIELD = "lease"


class Runs:
    def __init__(
        self,
        store: Store,
        committed: Callable[[], None] = lambda: None,
        *,
        clock: Clock = utc_now,
        lease_s: float = LEASE_S,
        grace_s: float = TAKEOVER_GRACE_S,
    ) -> None:
        self._records = store[RUNS.name]
        self._committed = committed
        self._clock = clock
        self._grace_s = grace_s
        self.lease_s = lease_s

    def get(self, deployment_id: str) -> Document | None:
        return self._records.find_one({"_id": deployment_id})

    def acquire(self, deployment_id: str, owner: str) -> Document | None:
        """The record under a new epoch, or None: somebody holds it, or held it until a moment ago and died."""
        self._exists(deployment_id)
        return leases.acquire(
            self._records,
            deployment_id,
            field=FIELD,
            owner=owner,
            ttl_s=self.lease_s,
            grace_s=self._grace_s,
            create=False,
        )

    def renew(self, deployment_id: str, owner: str, epoch: int) -> bool:
        return leases.renew(
            self._records, deployment_id, field=FIELD, owner=owner, epoch=epoch, ttl_s=self.lease_s
        )

    def release(self, deployment_id: str, owner: str, epoch: int) -> None:
        leases.release(self._records, deployment_id, field=FIELD, owner=owner, epoch=epoch)

    def save(
        self,
        run: Document,
        changes: Mapping[str, Any],
        events: Sequence[Message] = (),
        *,
        fence: Mapping[str, Any],
    ) -> Document:
        """Write under the lease's fence. Raises `StaleError`: the lease is lost, and so is the right to write."""
        changes = {**changes, "updated_at": self._clock()}
        history = {"phase": changes["phase"], "at": self._clock()} if "phase" in changes else None
        after = outbox.save(self._records, run, changes, events=events, history=history, fence=fence)
        if events:
            self._committed()
        return after

    def announce(self, deployment_id: str, event: Message) -> None:
        """Send one event without a lease: of a command that no run will carry out. Raises `StaleError`."""
        self._exists(deployment_id)
        run = self._records.find_one({"_id": deployment_id}) or {}
        self.save(run, {}, [event], fence={})

    def _exists(self, deployment_id: str) -> None:
        fresh: Document = {
            "_id": deployment_id,
            "command_id": None,
            "kind": None,
            "generation": 0,
            "phase": "waiting",
            "placement_ids": [],
            "outcome": None,
            "deferrals": 0,
            "updated_at": self._clock(),
        }
        if self._records.find_one({"_id": deployment_id}, {"_id": 1}) is None:
            with suppress(DuplicateKeyError):
                outbox.insert(self._records, fresh)
