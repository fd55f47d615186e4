"""What deployments keeps, and every query it makes. It is the only writer of these collections."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo import DESCENDING, IndexModel

from contracts import messages as m
from contracts.envelope import Message
from contracts.vocabulary import DeploymentStatus, Tier
from services.chassis import mongo, outbox
from services.chassis.errors import StaleError
from services.chassis.mongo import Document, Store
from services.chassis.outbox import OUTBOX_INDEXES, OUTBOX_PROPERTIES, Origin
from services.chassis.relay import EVENTS
from services.deployments import model
from services.deployments.budget_store import BUDGETS
from services.deployments.model import Move

_STRING = {"bsonType": "string"}
_DATE = {"bsonType": "date"}

DEPLOYMENTS = mongo.Collection(
    name="deployments",
    owner="deployments",
    purpose="One record per deployment: what the user wants, where it stands, and the events it still owes.",
    schema={
        "bsonType": "object",
        "required": ["user_id", "name", "tier", "workload", "status", "generation", "sequence", "version"],
        "properties": {
            "_id": {"bsonType": "string", "description": "`dep_…`"},
            "user_id": {**_STRING, "description": "Owner; parent in `users`."},
            "name": {**_STRING, "description": "The user's own name for it; not unique."},
            "labels": {"bsonType": "array", "description": "The user's labels, as name and value."},
            "tier": {"enum": [tier.value for tier in Tier], "description": "Tier when it was requested."},
            "workload": {
                "bsonType": "object",
                "description": "Model, context and wishes, as pricing takes them.",
            },
            "exposure": {"bsonType": "object", "description": "Who reaches the instance."},
            "status": {"enum": [status.value for status in DeploymentStatus]},
            "reason": {**_STRING, "description": "Why it has this status."},
            "detail": {"bsonType": ["string", "null"], "description": "The same in a sentence."},
            "status_since": _DATE,
            "sequence": {"bsonType": "int", "description": "Counts status changes; orders webhooks."},
            "generation": {
                "bsonType": "int",
                "minimum": 1,
                "description": "Rises with each change of intent.",
            },
            "command": {
                "bsonType": ["object", "null"],
                "description": "The command last released to the agent.",
            },
            "placement": {"bsonType": ["object", "null"], "description": "Where it runs or is being built."},
            "projected_hourly_usd": {
                "bsonType": "decimal",
                "description": "Price of the cheapest offer when it was requested, with as many replicas as there can be: what is committed until one is chosen.",
            },
            "ca_pem": {"bsonType": ["string", "null"], "description": "Root of the instance's certificate."},
            "token_sha256": {**_STRING, "description": "Verifier of the user's instance token."},
            "health_token_sha256": {**_STRING, "description": "Verifier of health's instance token."},
            "health_token_sealed": {**_STRING, "description": "Health's instance token, sealed for health."},
            "webhook": {
                "bsonType": ["object", "null"],
                "description": "Id and address; health has the secret.",
            },
            "idempotency_ref": {**_STRING, "description": "`<user>:<Idempotency-Key>`, for 24 h."},
            "idempotency": {"bsonType": "object", "description": "Hash of the request, sealed first answer."},
            "created_at": _DATE,
            "updated_at": _DATE,
            "next_at": {"bsonType": ["date", "null"], "description": "When the sweep looks at it next."},
            **OUTBOX_PROPERTIES,
        },
    },
    indexes=(
        *OUTBOX_INDEXES,
        IndexModel([("user_id", 1), ("_id", DESCENDING)]),
        IndexModel([("user_id", 1), ("status", 1), ("_id", 1)]),
        IndexModel("next_at", sparse=True),
        IndexModel("idempotency_ref", unique=True, sparse=True),
        IndexModel("idempotency.expires_at", sparse=True),
    ),
)

USER_QUEUES = mongo.Collection(
    name="user_queues",
    owner="deployments",
    purpose="One record per user: which deployments hold an in-flight slot. Changed by compare-and-set.",
    schema={
        "bsonType": "object",
        "required": ["slots", "version"],
        "properties": {
            "_id": {"bsonType": "string", "description": "User id."},
            "slots": {"bsonType": "array", "description": "Ids of deployments whose command is in flight."},
            "version": {"bsonType": "int", "description": "Guards every write."},
        },
    },
)

COST_INTERVALS = mongo.Collection(
    name="cost_intervals",
    owner="deployments",
    purpose="One record per placement that stood: from when to when, at what price.",
    schema={
        "bsonType": "object",
        "required": ["deployment_id", "user_id", "hourly_usd", "started_at"],
        "properties": {
            "_id": {"bsonType": "string", "description": "Placement id."},
            "deployment_id": {**_STRING, "description": "Parent in `deployments`."},
            "user_id": {**_STRING, "description": "Who pays."},
            "hourly_usd": {
                "bsonType": "decimal",
                "description": "Price of the offer when it was chosen, with as many replicas as there can be.",
            },
            "started_at": _DATE,
            "ended_at": {"bsonType": ["date", "null"], "description": "Null while the machine stands."},
        },
    },
    indexes=(
        IndexModel("deployment_id"),
        IndexModel([("user_id", 1), ("started_at", 1)]),
        IndexModel("ended_at"),  # This month's, of everybody.
    ),
)

COLLECTIONS = (DEPLOYMENTS, USER_QUEUES, COST_INTERVALS, BUDGETS)
MIGRATIONS = (
    mongo.Migration(
        1, "collections, validators and indexes", lambda store: mongo.declare(store, COLLECTIONS)
    ),
    mongo.Migration(2, "budgets and projected prices", lambda store: mongo.declare(store, COLLECTIONS)),
    mongo.Migration(3, "intervals by their end", lambda store: mongo.declare(store, COLLECTIONS)),
)


class Deployments:
    """The records, read whole and written under guard. `committed` is called after writes that owe events."""

    def __init__(self, store: Store, committed: Callable[[], None] = lambda: None) -> None:
        self._records = store[DEPLOYMENTS.name]
        self._events = store[EVENTS.name]
        self._instances = store["instances"]  # health's; read only, for the boot phase.
        self._committed = committed

    def insert(self, deployment: Document, events: Sequence[Message]) -> Document:
        stored = outbox.insert(self._records, deployment, events=events)
        self._committed()
        return stored

    def get(self, deployment_id: str) -> Document | None:
        return self._records.find_one({"_id": deployment_id})

    def of_user(self, deployment_id: str, user_id: str) -> Document | None:
        return self._records.find_one({"_id": deployment_id, "user_id": user_id})

    def by_idempotency(self, reference: str) -> Document | None:
        return self._records.find_one({"idempotency_ref": reference})

    def waiting(self, user_id: str, limit: int) -> list[Document]:
        """The oldest deployments of a user that wait for their turn."""
        query = {"user_id": user_id, "status": DeploymentStatus.REQUESTED.value}
        return list(self._records.find(query).sort("_id", 1).limit(limit))

    def many(self, ids: Sequence[str]) -> list[Document]:
        return list(self._records.find({"_id": {"$in": list(ids)}}))

    def tier_of(self, user_id: str) -> Tier | None:
        """The tier of the user's last request; None before the first."""
        last = self._records.find_one({"user_id": user_id}, {"tier": 1}, sort=[("_id", DESCENDING)])
        return Tier(last["tier"]) if last else None

    def live(self, user_id: str) -> list[Document]:
        """Where those that have not ended stand, and at what price; no more of them than the live cap."""
        ended = [status.value for status in model.ENDED]
        shown = {
            "status": 1,
            "workload.replicas": 1,
            "placement.hourly_usd": 1,
            "projected_hourly_usd": 1,
            "command.budget_hourly_usd": 1,
        }
        return list(self._records.find({"user_id": user_id, "status": {"$nin": ended}}, shown))

    def page(
        self, user_id: str, *, filters: Mapping[str, Any], before: str | None, limit: int
    ) -> list[Document]:
        """Newest first, at most `limit`, strictly older than the id `before`."""
        query: Document = {"user_id": user_id, **filters}
        if before is not None:
            query["_id"] = {"$lt": before}
        return list(self._records.find(query).sort("_id", -1).limit(limit))

    def due(self, now: datetime, limit: int) -> list[Document]:
        return list(self._records.find({"next_at": {"$lte": now}}).sort("next_at", 1).limit(limit))

    def status_events(self, deployment_id: str, *, after: str | None, limit: int) -> list[Document]:
        """Published status changes, oldest first, strictly after the message id `after`."""
        query: Document = {"subject": deployment_id, "type": m.STATUS_CHANGED}
        if after is not None:
            query["_id"] = {"$gt": after}
        return list(self._events.find(query).sort("_id", 1).limit(limit))

    def boot_of(self, placement_id: str) -> Document | None:
        return self._instances.find_one({"_id": placement_id}, {"boot": 1})

    def transition(
        self,
        before: Document,
        change: Move,
        origin: Origin,
        *,
        changes: Mapping[str, Any] | None = None,
        events: Sequence[Message] = (),
    ) -> Document:
        """Write a move with its status event. Raises `StaleError` when the record changed meanwhile."""
        announced = _status_event(before, change, origin)
        after = outbox.save(
            self._records,
            before,
            {**change.changes, **(changes or {})},
            events=[*events, announced],
            history=change.history,
        )
        self._committed()
        return after

    def amend(self, before: Document, changes: Mapping[str, Any], events: Sequence[Message] = ()) -> Document:
        """Write anything but a status. Raises `StaleError`."""
        after = outbox.save(self._records, before, changes, events=events)
        if events:
            self._committed()
        return after

    def forget_answers(self, now: datetime) -> int:
        """Drop the stored first answers of requests older than their 24 hours."""
        result = self._records.update_many(
            {"idempotency.expires_at": {"$lte": now}}, {"$unset": {"idempotency_ref": "", "idempotency": ""}}
        )
        return result.modified_count


class UserQueues:
    """Who holds an in-flight slot. One document per user, compare-and-set."""

    def __init__(self, store: Store) -> None:
        self._records = store[USER_QUEUES.name]

    def get(self, user_id: str) -> Document:
        """The user's record, made on first sight."""
        fresh = {"$setOnInsert": {"slots": [], "version": 1}}
        self._records.update_one({"_id": user_id}, fresh, upsert=True)
        return self._records.find_one({"_id": user_id}) or {}

    def set_slots(self, before: Document, slots: Sequence[str]) -> None:
        """Raises `StaleError` when somebody else admitted meanwhile."""
        guard = {"_id": before["_id"], "version": before["version"]}
        update = {"$set": {"slots": list(slots)}, "$inc": {"version": 1}}
        if self._records.update_one(guard, update).matched_count == 0:
            raise StaleError("the user's queue changed meanwhile")


def _status_event(before: Document, change: Move, origin: Origin) -> Message:
    return outbox.compose(
        origin,
        m.STATUS_CHANGED,
        subject=before["_id"],
        group=before["_id"],
        data={
            "deployment_id": before["_id"],
            "generation": int(change.changes.get("generation", before["generation"])),
            "user_id": before["user_id"],
            "name": before["name"],
            "status": change.status,
            "previous": change.previous,
            "reason": change.changes["reason"],
            "detail": change.changes["detail"],
            "occurred_at": change.changes["updated_at"].isoformat(),
            "sequence": change.changes["sequence"],
        },
    )
