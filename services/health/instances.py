"""Every query on `instances`. Reports leave through the outbox of the record they are about."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from contracts.envelope import Message
from contracts.vocabulary import InstanceStatus
from services.chassis import outbox
from services.chassis.mongo import Document, Store
from services.chassis.outbox import Origin
from services.health import model
from services.health.model import Report, Verdict
from services.health.store import INSTANCES

SERVICE = "health"
_WITHOUT_OUTBOX = {"pending_events": 0, "history": 0}
_SHOWN = {**_WITHOUT_OUTBOX, "health_token_sealed": 0}


class Instances:
    """`committed` is called after writes that owe an event."""

    def __init__(self, store: Store, committed: Callable[[], None] = lambda: None) -> None:
        self._records = store[INSTANCES.name]
        self._committed = committed

    def insert(self, record: Document) -> Document:
        """Raises pymongo's `DuplicateKeyError` where the placement is known."""
        return outbox.insert(self._records, record)

    def get(self, placement_id: str) -> Document | None:
        return self._records.find_one({"_id": placement_id})

    def of_deployment(self, deployment_id: str) -> list[Document]:
        return list(self._records.find({"deployment_id": deployment_id}).sort("_id", -1))

    def watched_by_cloud_id(self, cloud: str, region: str, instance_id: str) -> list[Document]:
        """The watched ones that the cloud knows by this id; more than one only if it used an id twice."""
        query = {"instance_id": instance_id, "cloud": cloud, "region": region, "watched": True}
        return list(self._records.find(query))

    def of_user(self, deployment_id: str, user_id: str) -> list[Document]:
        """As the user may see them, newest first."""
        query = {"deployment_id": deployment_id, "user_id": user_id}
        return list(self._records.find(query, _SHOWN).sort("_id", -1))

    def watched(self) -> list[Document]:
        return list(self._records.find({"watched": True}, _WITHOUT_OUTBOX))

    def changed_since(self, moment: datetime) -> list[Document]:
        """Records written at that moment or later, watched or not."""
        return list(self._records.find({"updated_at": {"$gte": moment}}, _WITHOUT_OUTBOX))

    def conclude(self, record: Document, verdict: Verdict, now: datetime) -> Document:
        """Write what a poll brought, with its report. Raises `StaleError`."""
        events = [] if verdict.report is None else [report_of({**record, **verdict.changes}, verdict.report)]
        history = None if verdict.report is None else _history(verdict.report, now)
        changes: dict[str, Any] = {**verdict.changes, "updated_at": now}
        if verdict.report is not None and verdict.report.status is InstanceStatus.TERMINATED:
            changes["watched"] = False
        after = outbox.save(self._records, record, changes, events=events, history=history)
        if events:
            self._committed()
        return after

    def amend(
        self, record: Document, changes: Mapping[str, Any], now: datetime, events: Sequence[Message] = ()
    ) -> Document:
        """Raises `StaleError`."""
        after = outbox.save(self._records, record, {**changes, "updated_at": now}, events=events)
        if events:
            self._committed()
        return after

    def touch(self, placement_ids: Iterable[str], now: datetime) -> None:
        """Note in one write that these were polled. It moves no version, so it disturbs no writer."""
        self._records.update_many({"_id": {"$in": list(placement_ids)}}, {"$set": {"last_poll_at": now}})


def report_of(record: Mapping[str, Any], report: Report, origin: Origin | None = None) -> Message:
    """The event of a report; without another origin it goes on with the correlation of the launch."""
    data: dict[str, Any] = {
        "deployment_id": record["deployment_id"],
        "generation": record["generation"],
        "placement_id": record["_id"],
        "reason": report.reason.value,
        "detail": report.detail,
    }
    if report.status is InstanceStatus.HEALTHY:
        data["ca_pem"] = record["ca_pem"]
    return outbox.compose(
        origin or Origin(SERVICE, record["correlation_id"]),
        model.REPORTS[report.status],
        subject=record["deployment_id"],
        group=record["deployment_id"],
        data=data,
    )


def _history(report: Report, now: datetime) -> Document:
    return {"status": report.status.value, "reason": report.reason.value, "detail": report.detail, "at": now}
