"""Every message takes effect once: the inbox remembers each one per service, and counts its failures.

In progress, done and dead are distinct. A crash leaves a record in progress, which lapses with its lease; only
handled failures count, so a message is never dead-lettered because a process died.
"""

from dataclasses import dataclass
from enum import StrEnum

from pymongo import IndexModel, ReturnDocument
from pymongo.collection import Collection as MongoCollection

from contracts.topology import LEASE_S, RETENTION_DAYS
from services.chassis import leases
from services.chassis.clock import utc_now
from services.chassis.mongo import Collection, Document, Store

INBOX = Collection(
    name="inbox",
    owner="chassis",
    purpose="One record per service and message: makes every effect happen once and counts failures.",
    schema={
        "bsonType": "object",
        "properties": {
            "_id": {"bsonType": "string", "description": "`<service>:<message id>`."},
            "state": {"enum": ["in_progress", "done", "dead"], "description": "Absent while first leased."},
            "failures": {"bsonType": "int", "description": "Handled failures; a redrive resets them."},
            "deferrals": {"bsonType": "int", "description": "How often a handler asked for a later try."},
            "reason": {"bsonType": "string", "description": "Why it is dead."},
            "lease": {"bsonType": "object", "description": "Who handles it now."},
            "at": {
                "bsonType": "date",
                "description": "Last change; records expire after the queues' retention.",
            },
        },
    },
    indexes=(IndexModel("at", expireAfterSeconds=(RETENTION_DAYS + 1) * 86_400),),
)


class Claim(StrEnum):
    OURS = "ours"
    BUSY = "busy"
    FINISHED = "finished"


@dataclass(frozen=True)
class Entry:
    """A claimed message: the key and the epoch under which we handle it."""

    key: str
    epoch: int


class Inbox:
    def __init__(self, store: Store, service: str, owner: str) -> None:
        self._records: MongoCollection[Document] = store[INBOX.name]
        self._service = service
        self._owner = owner

    def claim(self, message_id: str) -> tuple[Claim, Entry | None]:
        """Take a message for handling, unless it is finished or somebody handles it now."""
        key = f"{self._service}:{message_id}"
        record = leases.acquire(self._records, key, field="lease", owner=self._owner, ttl_s=LEASE_S)
        if record is None:
            known = self._records.find_one({"_id": key}) or {}
            return (Claim.FINISHED if known.get("state") in ("done", "dead") else Claim.BUSY), None
        entry = Entry(key, record["lease"]["epoch"])
        if record.get("state") in ("done", "dead"):
            return Claim.FINISHED, None
        return Claim.OURS, entry

    def renew(self, entry: Entry) -> bool:
        """Prolong our claim; False means that it is lost and the handler must stop."""
        return leases.renew(
            self._records, entry.key, field="lease", owner=self._owner, epoch=entry.epoch, ttl_s=LEASE_S
        )

    def finish(self, entry: Entry) -> bool:
        """Note that it is done. False: the claim was lost, and its new holder decides."""
        return self._close(entry, {"state": "done"})

    def bury(self, entry: Entry, reason: str) -> bool:
        return self._close(entry, {"state": "dead", "reason": reason})

    def count_failure(self, entry: Entry) -> int | None:
        """How many failures this message has now; None when the claim was lost."""
        return self._count(entry, "failures")

    def count_deferral(self, entry: Entry) -> int | None:
        """How many deferrals this message has now; None when the claim was lost."""
        return self._count(entry, "deferrals")

    def release(self, entry: Entry) -> None:
        """Give the claim back, so that the next delivery need not wait until it lapses."""
        leases.release(self._records, entry.key, field="lease", owner=self._owner, epoch=entry.epoch)

    def forget(self, message_id: str) -> None:
        """A redrive starts afresh: failures, deferrals and the verdict are gone."""
        self._records.delete_one({"_id": f"{self._service}:{message_id}"})

    def has_finished(self, message_id: str) -> bool:
        finished = {"_id": f"{self._service}:{message_id}", "state": {"$in": ["done", "dead"]}}
        return self._records.find_one(finished, {"_id": 1}) is not None

    def _close(self, entry: Entry, changes: Document) -> bool:
        fence = leases.held_by("lease", self._owner, entry.epoch)
        result = self._records.update_one({"_id": entry.key, **fence}, {"$set": {**changes, "at": utc_now()}})
        return result.matched_count == 1

    def _count(self, entry: Entry, counter: str) -> int | None:
        fence = leases.held_by("lease", self._owner, entry.epoch)
        record = self._records.find_one_and_update(
            {"_id": entry.key, **fence},
            {"$inc": {counter: 1}, "$set": {"state": "in_progress", "at": utc_now()}},
            return_document=ReturnDocument.AFTER,
        )
        return None if record is None else int(record[counter])
