"""Every query on `webhooks` and `webhook_deliveries`."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from services.chassis import leases
from services.chassis.mongo import Document, Store
from services.health.store import WEBHOOK_DELIVERIES, WEBHOOKS
from services.health.webhooks.state import DeliveryState, WebhookState

DUE_BATCH = 200


class Deliveries:
    """Outcomes are written under the sender's lease of the webhook and the number of attempts it read."""

    def __init__(self, store: Store) -> None:
        self._webhooks = store[WEBHOOKS.name]
        self._deliveries = store[WEBHOOK_DELIVERIES.name]

    def register(self, webhook_id: str, fields: Mapping[str, Any], now: datetime) -> None:
        """Know a webhook; a repetition changes where it points and nothing else."""
        first = {"state": WebhookState.ACTIVE.value, "created_at": now, "disabled_at": None}
        update = {"$set": dict(fields), "$setOnInsert": first}
        self._webhooks.update_one({"_id": webhook_id}, update, upsert=True)

    def active_of(self, deployment_id: str) -> list[Document]:
        query = {"deployment_id": deployment_id, "state": WebhookState.ACTIVE.value}
        return list(self._webhooks.find(query))

    def add(self, webhook: Document, sequence: int, message_id: str, body: str, now: datetime) -> None:
        """Owe one message to one webhook; the same sequence is never owed twice."""
        fields = {
            "webhook_id": webhook["_id"],
            "deployment_id": webhook["deployment_id"],
            "user_id": webhook["user_id"],
            "sequence": sequence,
            "message_id": message_id,
            "body": body,
            "state": DeliveryState.PENDING.value,
            "attempts": 0,
            "next_at": now,
            "last_status": None,
            "last_error": None,
            "created_at": now,
        }
        owed = {"_id": f"{webhook['_id']}:{sequence}"}
        self._deliveries.update_one(owed, {"$setOnInsert": fields}, upsert=True)

    def due(
        self, now: datetime, *, passing_webhooks: Collection[str], passing_users: Collection[str]
    ) -> list[Document]:
        """Webhooks with something due, longest waiting first; those under way and users at their cap left out."""
        query = {
            "next_at": {"$lte": now},
            "webhook_id": {"$nin": list(passing_webhooks)},
            "user_id": {"$nin": list(passing_users)},
        }
        rows = self._deliveries.find(query, {"webhook_id": 1, "user_id": 1}).sort("next_at", 1)
        return list({row["webhook_id"]: row for row in rows.limit(DUE_BATCH)}.values())

    def acquire(self, webhook_id: str, owner: str, ttl_s: float) -> Document | None:
        """The webhook under our lease, or None while another sender has it."""
        return leases.acquire(
            self._webhooks, webhook_id, field="sending", owner=owner, ttl_s=ttl_s, create=False
        )

    def renew(self, webhook: Document, ttl_s: float) -> bool:
        held = webhook["sending"]
        return leases.renew(
            self._webhooks,
            webhook["_id"],
            field="sending",
            owner=held["owner"],
            epoch=held["epoch"],
            ttl_s=ttl_s,
        )

    def release(self, webhook: Document) -> None:
        held = webhook["sending"]
        leases.release(
            self._webhooks, webhook["_id"], field="sending", owner=held["owner"], epoch=held["epoch"]
        )

    def next_due(self, webhook_id: str, now: datetime) -> Document | None:
        """Lowest sequence first, so first attempts go out in the order things happened."""
        query = {"webhook_id": webhook_id, "next_at": {"$lte": now}}
        return self._deliveries.find_one(query, sort=[("sequence", 1)])

    def finish(
        self, delivery: Document, state: DeliveryState, outcome: Mapping[str, Any], now: datetime
    ) -> None:
        changes = {**outcome, "state": state.value, "attempts": delivery["attempts"] + 1, "finished_at": now}
        self._deliveries.update_one(_as_read(delivery), {"$set": changes, "$unset": {"next_at": ""}})

    def postpone(self, delivery: Document, until: datetime, outcome: Mapping[str, Any]) -> None:
        changes = {**outcome, "attempts": delivery["attempts"] + 1, "next_at": until}
        self._deliveries.update_one(_as_read(delivery), {"$set": changes})

    def hold(self, webhook_id: str, until: datetime) -> None:
        """The receiver asked for a pause: nothing of this webhook goes out before `until`."""
        query = {"webhook_id": webhook_id, "next_at": {"$lt": until}}
        self._deliveries.update_many(query, {"$set": {"next_at": until}})

    def disable(self, webhook_id: str, now: datetime) -> None:
        """The receiver wants no more, ever: nothing is owed to it any longer."""
        disabled = {"state": WebhookState.DISABLED.value, "disabled_at": now}
        self._webhooks.update_one({"_id": webhook_id}, {"$set": disabled})
        self._deliveries.update_many(
            {"webhook_id": webhook_id, "next_at": {"$exists": True}},
            {
                "$set": {"state": DeliveryState.CANCELLED.value, "finished_at": now},
                "$unset": {"next_at": ""},
            },
        )

    def has_webhook(self, deployment_id: str, user_id: str) -> bool:
        query = {"deployment_id": deployment_id, "user_id": user_id}
        return self._webhooks.find_one(query, {"_id": 1}) is not None

    def of_deployment(self, deployment_id: str, user_id: str, limit: int) -> list[Document]:
        """Newest first, without the bodies."""
        query = {"deployment_id": deployment_id, "user_id": user_id}
        rows = self._deliveries.find(query, {"body": 0}).sort("sequence", -1)
        return list(rows.limit(limit))


def _as_read(delivery: Document) -> Document:
    return {
        "_id": delivery["_id"],
        "state": DeliveryState.PENDING.value,
        "attempts": delivery["attempts"],
    }
