"""The relay: takes committed events out of their documents and publishes them, in order.

It leases one document, copies its events to the `events` log (`_id` = message id), publishes them, stops at the
first failure, and pulls what went out. It never changes a document's version, so it disturbs no writer.
"""

import threading
import time
from collections.abc import Sequence
from datetime import timedelta

from pymongo import IndexModel
from pymongo.collection import Collection as MongoCollection
from pymongo.errors import DuplicateKeyError

from services.chassis import leases
from services.chassis.clock import utc_now
from services.chassis.errors import FOREIGN_OUTAGES
from services.chassis.logs import get_logger
from services.chassis.metrics import EVENTS_PUBLISHED, OUTBOX_SECONDS
from services.chassis.mongo import Collection, Document, Store
from services.chassis.queues.port import Queues

log = get_logger(__name__)

RELAY_LEASE_S = 15
PUBLISH_WITHIN_S = 8  # The lease still holds when the last send of this time has ended or given up.
IDLE_POLL_S = 0.25
BATCH = 50
KEPT_DAYS = 90

EVENTS = Collection(
    name="events",
    owner="chassis",
    purpose="The log of every message published; written by the relays only. It heals queues that lost theirs.",
    schema={
        "bsonType": "object",
        "required": ["type", "subject", "queues", "body", "published_at"],
        "properties": {
            "_id": {"bsonType": "string", "description": "The message id."},
            "type": {"bsonType": "string", "description": "Message type, with its version."},
            "subject": {"bsonType": "string", "description": "The deployment it is about."},
            "group": {"bsonType": "string", "description": "Ordering key."},
            "queues": {"bsonType": "array", "description": "Where it was sent."},
            "body": {"bsonType": "string", "description": "The CloudEvent as sent."},
            "published_at": {"bsonType": "date", "description": "When it was first tried to publish it."},
            "resends": {"bsonType": "int", "description": "How often a lost copy was sent again."},
            "arrived": {"bsonType": "array", "description": "Queues whose receiver has handled it."},
        },
    },
    indexes=(
        IndexModel([("subject", 1), ("_id", 1)]),
        IndexModel([("queues", 1), ("published_at", 1)]),
        IndexModel("published_at", expireAfterSeconds=KEPT_DAYS * 86_400, name="expiry"),
    ),
)


class Relay:
    """One per process; `wake` after a commit makes it immediate, a poll finds what a crash left."""

    def __init__(self, store: Store, queues: Queues, collections: Sequence[str], owner: str) -> None:
        self._store = store
        self._queues = queues
        self._collections = collections
        self._owner = owner
        self._woken = threading.Event()

    def wake(self) -> None:
        self._woken.set()

    def run(self, stopping: threading.Event) -> None:
        """Publish until told to stop. An outage of store or broker is waited out."""
        while not stopping.is_set():
            self._woken.clear()
            try:
                published = self.publish_pending()
            except FOREIGN_OUTAGES as error:
                log.warning("relay_outage", error=type(error).__name__)
                published = 0
                stopping.wait(1.0)
            if not published:
                self._woken.wait(IDLE_POLL_S)

    def publish_pending(self) -> int:
        """One pass over all collections; returns the number of events published."""
        return sum(self._publish_from(self._store[name]) for name in self._collections)

    def _publish_from(self, collection: MongoCollection[Document]) -> int:
        waiting = collection.find({"pending_at": {"$exists": True}}, {"_id": 1}).sort("pending_at", 1)
        return sum(self._publish_document(collection, row["_id"]) for row in waiting.limit(BATCH))

    def _publish_document(self, collection: MongoCollection[Document], document_id: str) -> int:
        document = leases.acquire(
            collection, document_id, field="relay", owner=self._owner, ttl_s=RELAY_LEASE_S, create=False
        )
        if document is None:
            return 0
        epoch, until = document["relay"]["epoch"], time.monotonic() + PUBLISH_WITHIN_S
        try:
            sent = self._publish_in_order(document.get("pending_events", ()), until)
            self._pull(collection, document_id, sent, epoch)
        finally:
            leases.release(collection, document_id, field="relay", owner=self._owner, epoch=epoch)
        return len(sent)

    def _publish_in_order(self, pending: Sequence[Document], until: float) -> list[str]:
        sent: list[str] = []
        for event in pending:
            if time.monotonic() >= until:  # Whoever leases it next goes on with the rest.
                break
            try:
                self._log(event)
                for queue in event["queues"]:
                    self._queues.send(queue, event["body"], group=event["group"], dedup_id=event["dedup_id"])
            except FOREIGN_OUTAGES as error:
                log.warning("relay_publish_failed", message_id=event["id"], error=type(error).__name__)
                break
            EVENTS_PUBLISHED.labels(event["type"]).inc()
            OUTBOX_SECONDS.observe(max(0.0, (utc_now() - event["at"]) / timedelta(seconds=1)))
            log.info("event_published", message_id=event["id"], type=event["type"], subject=event["subject"])
            sent.append(event["id"])
        return sent

    def _log(self, event: Document) -> None:
        record = {name: event[name] for name in ("type", "subject", "group", "queues", "body")}
        try:
            self._store[EVENTS.name].insert_one({"_id": event["id"], **record, "published_at": utc_now()})
        except DuplicateKeyError:
            log.info("event_published_again", message_id=event["id"])

    def _pull(
        self, collection: MongoCollection[Document], document_id: str, sent: list[str], epoch: int
    ) -> None:
        if sent:
            fence = leases.held_by("relay", self._owner, epoch)
            collection.update_one(
                {"_id": document_id, **fence}, {"$pull": {"pending_events": {"id": {"$in": sent}}}}
            )
        # A writer may have committed more meanwhile: the mark goes only from an empty outbox.
        collection.update_one(
            {"_id": document_id, "pending_events": {"$size": 0}}, {"$unset": {"pending_at": ""}}
        )
