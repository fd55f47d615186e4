"""Publish only what was committed: events wait inside the document whose write they belong to.

`insert` and `save` store the new state, its events and its history in one write. The relay (`relay.py`) sends
the events afterwards and removes them; a crash in between sends one again, with the same message id.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pymongo import IndexModel, ReturnDocument
from pymongo.collection import Collection

from contracts import topology
from contracts.envelope import Message, encode
from services.chassis.clock import utc_now
from services.chassis.errors import StaleError
from services.chassis.ids import new_id
from services.chassis.mongo import Document

HISTORY_KEPT = 20

# Every collection with an outbox carries these: the relay finds work by the sparse scalar.
OUTBOX_INDEXES = (IndexModel("pending_at", sparse=True),)
OUTBOX_PROPERTIES: Mapping[str, Any] = {
    "version": {"bsonType": ["int", "long"], "minimum": 1, "description": "Guards every write."},
    "pending_events": {"bsonType": "array", "description": "Events committed and not yet published."},
    "pending_at": {"bsonType": "date", "description": "Set while events wait."},
    "relay": {"bsonType": "object", "description": "Lease of the relay that publishes them."},
    "history": {"bsonType": "array", "description": f"The last {HISTORY_KEPT} changes."},
}


@dataclass(frozen=True)
class Origin:
    """Whence messages come: the service, and the request or message that caused them."""

    service: str
    correlation_id: str
    traceparent: str | None = None

    @staticmethod
    def of(service: str, message: Message) -> "Origin":
        return Origin(service, message.correlation_id, message.traceparent)


def compose(
    origin: Origin,
    message_type: str,
    *,
    subject: str,
    group: str,
    data: Mapping[str, Any],
    command_id: str | None = None,
    nudge: int = 0,
) -> Message:
    """A message ready for an outbox. Its data is validated when it is committed."""
    return Message(
        id=new_id("msg"),
        type=message_type,
        source=f"/{origin.service}",
        subject=subject,
        time=utc_now(),
        partition_key=group,
        correlation_id=origin.correlation_id,
        data=data,
        command_id=command_id,
        nudge=nudge,
        traceparent=origin.traceparent,
    )


def insert(
    collection: Collection[Document], document: Document, *, events: Sequence[Message] = ()
) -> Document:
    """Insert a new document with its first events. Raises pymongo's `DuplicateKeyError`."""
    stored = {"history": [], **document, "version": 1, "pending_events": [_pending(e) for e in events]}
    if events:
        stored["pending_at"] = utc_now()
    collection.insert_one(stored)
    return stored


def save(
    collection: Collection[Document],
    before: Mapping[str, Any],
    changes: Mapping[str, Any],
    *,
    events: Sequence[Message] = (),
    history: Mapping[str, Any] | None = None,
    fence: Mapping[str, Any] | None = None,
) -> Document:
    """Write `changes` over exactly the version that was read; returns the document after the write.

    `fence` adds conditions, such as the epoch of a lease. Raises `StaleError` when nothing matched: then stop,
    and emit nothing.
    """
    update: dict[str, Any] = {"$set": dict(changes), "$inc": {"version": 1}}
    pushes: dict[str, Any] = {}
    if events:
        update["$set"]["pending_at"] = utc_now()
        pushes["pending_events"] = {"$each": [_pending(event) for event in events]}
    if history is not None:
        pushes["history"] = {"$each": [dict(history)], "$slice": -HISTORY_KEPT}
    if pushes:
        update["$push"] = pushes
    guard = {"_id": before["_id"], "version": before["version"], **(fence or {})}
    after = collection.find_one_and_update(guard, update, return_document=ReturnDocument.AFTER)
    if after is None:
        raise StaleError("the record changed meanwhile")
    return after


def _pending(message: Message) -> Document:
    queues = topology.queues_for(message.type, message.data)
    return {
        "id": message.id,
        "type": message.type,
        "subject": message.subject,
        "group": message.partition_key,
        "dedup_id": message.dedup_id,
        "queues": [queue.name for queue in queues],
        "body": encode(message),
        "at": message.time,
    }
