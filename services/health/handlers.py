"""What health does with each message. Handlers write and return: polling and sending happen elsewhere."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pymongo.errors import DuplicateKeyError

from contracts import messages as m
from contracts.envelope import Message
from contracts.vocabulary import InstanceStatus, Reason
from services.chassis.clock import Clock
from services.chassis.config import Network
from services.chassis.errors import RejectError, StaleError
from services.chassis.logs import get_logger
from services.chassis.mongo import Document
from services.chassis.outbox import Origin
from services.chassis.worker import Handler
from services.health import model
from services.health.addresses import may_be_polled, may_be_resolved
from services.health.instances import SERVICE, Instances, report_of
from services.health.model import Report
from services.health.webhooks.deliveries import Deliveries

log = get_logger(__name__)

STATUS_CHANGED_WIRE = "deployment.status_changed"  # What receivers know it by; ours has a version.


@dataclass(frozen=True)
class Ports:
    """What the handlers work with."""

    instances: Instances
    deliveries: Deliveries
    instance_networks: Sequence[Network]
    clock: Clock


def instance_launched(message: Message, *, ports: Ports) -> None:
    """Watch a machine. A repetition tells again what is known of it, so that a lost report heals."""
    data = message.data
    if not _may_be_watched(data, ports):
        raise RejectError("the address of this instance is not one that may be polled")
    rank = model.rank(data["generation"], data["placement_id"])
    known = ports.instances.of_deployment(data["deployment_id"])
    same = next((record for record in known if record["_id"] == data["placement_id"]), None)
    if any(model.rank(record["generation"], record["_id"]) > rank for record in known):
        log.info("launch_superseded", placement_id=data["placement_id"])
    elif same is not None:
        _tell_again(same, message, ports)
    else:
        _begin(message, ports)


def instance_removed(message: Message, *, ports: Ports) -> None:
    """Stop watching; the record stays."""
    record = ports.instances.get(message.data["placement_id"])
    if record is None or record["deployment_id"] != message.data["deployment_id"]:
        log.info("removed_unknown_instance", placement_id=message.data["placement_id"])
    elif record.get("removed_at") is None:
        now = ports.clock()
        ports.instances.amend(record, {"watched": False, "removed_at": now}, now)


def interruption_announced(message: Message, *, ports: Ports) -> None:
    """Note that a spot machine will be taken away. One that we don't watch is somebody else's, or one of many replicas."""
    data, now = message.data, ports.clock()
    notice = model.announced(data["action"], message.time)
    found = ports.instances.watched_by_cloud_id(data["cloud"].value, data["region"], data["instance_id"])
    for record in found:
        log.warning("interruption_announced", placement_id=record["_id"], **notice)
        if record.get("interruption") is None:
            ports.instances.amend(record, {"interruption": notice}, now)
    if not found:
        log.info("interruption_elsewhere", instance_id=data["instance_id"], region=data["region"])


def webhook_registered(message: Message, *, ports: Ports) -> None:
    data = message.data
    fields = {name: data[name] for name in ("deployment_id", "user_id", "url", "secret_sealed")}
    ports.deliveries.register(data["webhook_id"], fields, ports.clock())


def status_changed(message: Message, *, ports: Ports) -> None:
    """Owe the news to every webhook of the deployment. Its id is the message's, over all attempts."""
    data, now = message.data, ports.clock()
    body = webhook_body(data, message)
    for webhook in ports.deliveries.active_of(data["deployment_id"]):
        ports.deliveries.add(webhook, data["sequence"], message.id, body, now)


def budget_threshold_reached(message: Message, *, ports: Ports) -> None:  # noqa: ARG001 - bound like the others
    """Only noted: nothing is sent to the user yet, and nothing is stopped."""
    data = message.data
    log.warning(
        "budget_threshold_reached",
        user_id=data["user_id"],
        month=data["month"],
        threshold_percent=data["threshold_percent"],
        monthly_usd=str(data["monthly_usd"]),
        spent_usd=str(data["spent_usd"]),
    )


def webhook_body(data: Mapping[str, Any], message: Message) -> str:
    """Type, timestamp and data as Standard Webhooks has them: ids and what changed, no secret and no address."""
    return json.dumps(
        {
            "type": STATUS_CHANGED_WIRE,
            "timestamp": message.time.isoformat(),
            "data": {
                "deployment_id": data["deployment_id"],
                "name": data["name"],
                "status": data["status"],
                "previous": data["previous"],
                "reason": data["reason"],
                "detail": data["detail"],
                "generation": data["generation"],
                "sequence": data["sequence"],
                "occurred_at": data["occurred_at"].isoformat(),
            },
        },
        separators=(",", ":"),
    )


def bound(ports: Ports) -> Mapping[str, Handler]:
    """The table of this service, bound to its ports."""
    return {kind: partial(handler, ports=ports) for kind, handler in HANDLERS.items()}


def _may_be_watched(data: Mapping[str, Any], ports: Ports) -> bool:
    """A balancer may have a name, whose addresses are judged at every poll."""
    if data["replicas"] is not None and may_be_resolved(data["address"]):
        return True
    return may_be_polled(data["address"], ports.instance_networks)


def _begin(message: Message, ports: Ports) -> None:
    data, now = message.data, ports.clock()
    record: Document = {
        "_id": data["placement_id"],
        **{name: data[name] for name in _COPIED},
        "model_digest": data.get("model_digest"),
        "replicas": data["replicas"],
        "cloud": data["cloud"].value,
        "correlation_id": message.correlation_id,
        "status": InstanceStatus.STARTING.value,
        "reason": Reason.PROVISIONED.value,
        "detail": "the machine stands; the model is not ready yet",
        "boot": {"phase": "booting", "progress_pct": None, "detail": None},
        "interruption": None,
        "ca_pem": None,
        "answered_at": None,
        "watched": True,
        "launched_at": now,
        "changed_at": now,
        "updated_at": now,
        "removed_at": None,
    }
    try:
        ports.instances.insert(record)
    except DuplicateKeyError as error:
        raise StaleError("the instance was recorded meanwhile") from error


def _tell_again(record: Document, message: Message, ports: Ports) -> None:
    status = InstanceStatus(record["status"])
    if record.get("removed_at") is not None:
        return
    changes = {"generation": message.data["generation"]}
    if status not in model.REPORTS:
        ports.instances.amend(record, changes, ports.clock())
        return
    report = Report(status, Reason(record["reason"]), record["detail"])
    event = report_of({**record, **changes}, report, Origin.of(SERVICE, message))
    ports.instances.amend(record, changes, ports.clock(), events=[event])


_COPIED = (
    "deployment_id",
    "user_id",
    "generation",
    "region",
    "instance_id",
    "address",
    "port",
    "model",
    "health_token_sealed",
)

HANDLERS = {
    m.INSTANCE_LAUNCHED: instance_launched,
    m.INSTANCE_REMOVED: instance_removed,
    m.INTERRUPTION_ANNOUNCED: interruption_announced,
    m.WEBHOOK_REGISTERED: webhook_registered,
    m.STATUS_CHANGED: status_changed,
    m.BUDGET_THRESHOLD_REACHED: budget_threshold_reached,
}
