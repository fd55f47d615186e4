"""What a user may spend in a month, what is set aside for creates under way, and which alerts were sent.

One document per user. Every create takes its money, and its place under the live cap, by a guarded write of it:
of two creates that read the same figures, one must look again.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import Any

from pymongo.errors import DuplicateKeyError

from contracts.envelope import Message
from contracts.vocabulary import Tier
from services.chassis import mongo, outbox
from services.chassis.mongo import Document, Store
from services.chassis.outbox import OUTBOX_INDEXES, OUTBOX_PROPERTIES

BUDGETS = mongo.Collection(
    name="budgets",
    owner="deployments",
    purpose="One record per user: the month's budget, money set aside for creates under way, alerts sent.",
    schema={
        "bsonType": "object",
        "required": ["tier", "reservations", "version"],
        "properties": {
            "_id": {"bsonType": "string", "description": "User id; parent in `users`."},
            "monthly_usd": {
                "bsonType": ["decimal", "null"],
                "description": "What the user has set; null means the tier's default.",
            },
            "tier": {
                "enum": [tier.value for tier in Tier],
                "description": "As the user's last request said.",
            },
            "reservations": {
                "bsonType": "array",
                "description": "Creates that are recorded any moment: deployment id, key, price by the hour, machines, when.",
            },
            "alerts": {
                "bsonType": "object",
                "description": "The month they are of, and each threshold told with the budget it was told of.",
            },
            "updated_at": {
                "bsonType": ["date", "null"],
                "description": "When the user last set or removed the budget.",
            },
            **OUTBOX_PROPERTIES,
        },
    },
    indexes=OUTBOX_INDEXES,
)


class Budgets:
    """`committed` is called after writes that owe events."""

    def __init__(self, store: Store, committed: Callable[[], None] = lambda: None) -> None:
        self._records = store[BUDGETS.name]
        self._committed = committed

    def find(self, user_id: str) -> Document | None:
        return self._records.find_one({"_id": user_id})

    def many(self, user_ids: Sequence[str]) -> dict[str, Document]:
        return {record["_id"]: record for record in self._records.find({"_id": {"$in": list(user_ids)}})}

    def of(self, user_id: str, tier: Tier) -> Document:
        """The user's record, made on first sight."""
        found = self.find(user_id)
        if found is not None:
            return found
        fresh: Document = {
            "_id": user_id,
            "monthly_usd": None,
            "tier": tier.value,
            "reservations": [],
            "updated_at": None,
        }
        with suppress(DuplicateKeyError):
            return outbox.insert(self._records, fresh)
        return self._records.find_one({"_id": user_id}) or {}

    def set_monthly(
        self, before: Document, monthly_usd: Decimal | None, tier: Tier, at: datetime
    ) -> Document:
        """Raises `StaleError`, as every write here."""
        changes = {"monthly_usd": monthly_usd, "tier": tier.value, "updated_at": at}
        return outbox.save(self._records, before, changes)

    def reserve(self, before: Document, reservations: Sequence[Mapping[str, Any]], tier: Tier) -> Document:
        """Replace what is set aside, provided that nothing has changed since it was read."""
        changes = {"reservations": [dict(each) for each in reservations], "tier": tier.value}
        return outbox.save(self._records, before, changes)

    def note_alerts(self, before: Document, alerts: Document, events: Sequence[Message]) -> Document:
        """That they were sent and the events themselves, in one write."""
        after = outbox.save(self._records, before, {"alerts": alerts}, events=events)
        self._committed()
        return after
