"""What health does with each message."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from contracts import messages as m
from contracts.envelope import decode, encode
from contracts.topology import messages_received_by
from contracts.vocabulary import InstanceStatus, Reason
from services.chassis import outbox
from services.chassis.errors import RejectError
from services.chassis.mongo import Store
from services.chassis.outbox import Origin
from services.health import handlers, model
from services.health.handlers import Ports
from services.health.model import Look, Report, Streak, Verdict
from tests.unit.health.builders import (
    DEPLOYMENT,
    USER,
    WEBHOOK,
    TurnedClock,
    launched,
    pending,
    registered,
    removed,
    status,
)

PLACEMENT = f"{DEPLOYMENT}-1"


def handle(message: Any, ports: Ports) -> None:
    handlers.bound(ports)[message.type](message)


def record(ports: Ports, number: int = 1) -> dict[str, Any]:
    found = ports.instances.get(f"{DEPLOYMENT}-{number}")
    assert found is not None
    return found


def become(ports: Ports, state: InstanceStatus, reason: Reason) -> None:
    """Let a poll conclude, and the relay take its event."""
    now = ports.clock()
    report = Report(state, reason, "as the test says")
    verdict = Verdict(Streak(), {"ca_pem": "PEM", **model.status_changes(report, now)}, report)
    ports.instances.conclude(record(ports), verdict, now)
    ports.instances._records.update_many({}, {"$set": {"pending_events": []}})


def test_every_message_that_health_receives_has_a_handler() -> None:
    assert frozenset(handlers.HANDLERS) == messages_received_by("health")


def test_replicas_are_watched_by_their_balancers_name(ports: Ports) -> None:
    name, replicas = "dep-1.models.example.com", {"min": 2, "max": 3}

    handle(launched(address=name, instance_id="flowllama-group", replicas=replicas), ports)

    watched = record(ports)
    assert (watched["address"], watched["replicas"]) == (name, replicas)


@pytest.mark.parametrize(
    ("address", "replicas"),
    [
        ("dep-1.models.example.com", None),
        ("localhost", {"min": 1, "max": 1}),
        ("169.254.169.254", {"min": 1, "max": 1}),
    ],
)
def test_a_name_is_for_balancers_and_must_look_like_one(
    ports: Ports, address: str, replicas: dict[str, int] | None
) -> None:
    with pytest.raises(RejectError):
        handle(launched(address=address, replicas=replicas), ports)


def test_a_launched_instance_is_watched_from_then_on(ports: Ports) -> None:
    handle(launched(), ports)

    found = record(ports)
    assert (found["status"], found["watched"], found["user_id"]) == ("starting", True, USER)
    assert found["boot"] == {"phase": "booting", "progress_pct": None, "detail": None}
    assert pending(found) == []


def test_a_launch_told_twice_is_one_record(ports: Ports, store: Store) -> None:
    handle(launched(), ports)
    handle(launched(), ports)

    assert store["instances"].count_documents({}) == 1
    assert pending(record(ports)) == []


@pytest.mark.parametrize(
    ("state", "reason", "kind"),
    [
        (InstanceStatus.HEALTHY, Reason.MODEL_ANSWERS, m.INSTANCE_HEALTHY),
        (InstanceStatus.UNHEALTHY, Reason.PROBES_FAIL, m.INSTANCE_UNHEALTHY),
        (InstanceStatus.TERMINATED, Reason.SPOT_INTERRUPTED, m.INSTANCE_TERMINATED),
    ],
)
def test_a_launch_told_again_repeats_the_last_report(
    ports: Ports, state: InstanceStatus, reason: Reason, kind: str
) -> None:
    handle(launched(), ports)
    become(ports, state, reason)

    handle(launched(), ports)

    ((told, data),) = pending(record(ports))
    assert (told, data["reason"], data["placement_id"]) == (kind, reason, PLACEMENT)


def test_an_older_placement_does_not_come_back(ports: Ports, store: Store) -> None:
    handle(launched(2), ports)

    handle(launched(1), ports)

    assert [found["_id"] for found in store["instances"].find()] == [f"{DEPLOYMENT}-2"]


def test_an_older_generation_does_not_come_back(ports: Ports) -> None:
    handle(launched(generation=3), ports)
    become(ports, InstanceStatus.HEALTHY, Reason.MODEL_ANSWERS)

    handle(launched(generation=2), ports)

    assert record(ports)["generation"] == 3
    assert pending(record(ports)) == []


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "10.0.0.1", "0.0.0.0", "example.com", "127.0.0.1.example"]
)
def test_an_address_outside_the_listed_networks_is_refused_for_good(ports: Ports, address: str) -> None:
    with pytest.raises(RejectError):
        handle(launched(address=address), ports)


def test_a_removed_instance_is_kept_and_not_watched(ports: Ports, clock: TurnedClock) -> None:
    handle(launched(), ports)

    handle(removed(), ports)
    handle(removed(), ports)

    found = record(ports)
    assert (found["watched"], found["removed_at"]) == (False, clock.now)
    assert ports.instances.watched() == []


def test_a_removed_instance_tells_nothing_again(ports: Ports) -> None:
    handle(launched(), ports)
    become(ports, InstanceStatus.HEALTHY, Reason.MODEL_ANSWERS)
    handle(removed(), ports)

    handle(launched(), ports)

    assert pending(record(ports)) == []
    assert record(ports)["watched"] is False


def test_removing_what_was_never_launched_is_nothing(ports: Ports, store: Store) -> None:
    handle(removed(), ports)

    assert store["instances"].count_documents({}) == 0


def test_a_poll_that_ends_after_the_removal_writes_nothing(ports: Ports, clock: TurnedClock) -> None:
    handle(launched(), ports)
    before = record(ports)
    handle(removed(), ports)

    ready = Look(phase="ready", listed=True, answered=True, ca_pem="PEM")
    verdict = model.judge(before, ready, Streak(), clock.now)
    with pytest.raises(Exception, match="changed meanwhile"):
        ports.instances.conclude(before, verdict, clock.now)

    assert pending(record(ports)) == []


def test_a_status_change_is_owed_once_to_each_webhook(ports: Ports, store: Store) -> None:
    second = WEBHOOK[:-1] + "b"
    handle(registered("http://127.0.0.1:9/a"), ports)
    handle(registered("http://127.0.0.1:9/b", second), ports)
    news = status(1)

    handle(news, ports)
    handle(news, ports)
    handle(status(1), ports)

    owed = list(store["webhook_deliveries"].find().sort("_id", 1))
    assert [row["_id"] for row in owed] == [f"{WEBHOOK}:1", f"{second}:1"]
    assert {row["message_id"] for row in owed} == {news.id}


def test_the_body_is_thin_and_typed(ports: Ports, store: Store) -> None:
    handle(registered("http://127.0.0.1:9/a"), ports)

    handle(status(4, detail="probes fail", status="unhealthy", previous="running"), ports)

    (owed,) = store["webhook_deliveries"].find()
    body = json.loads(owed["body"])
    assert set(body) == {"type", "timestamp", "data"}
    assert body["type"] == "deployment.status_changed"
    assert body["data"] == {
        "deployment_id": DEPLOYMENT,
        "name": "my-llama",
        "status": "unhealthy",
        "previous": "running",
        "reason": "model_answers",
        "detail": "probes fail",
        "generation": 1,
        "sequence": 4,
        "occurred_at": "2026-01-02T03:04:05.678000+00:00",
    }


def test_a_webhook_registered_again_only_moves(ports: Ports, store: Store) -> None:
    handle(registered("http://127.0.0.1:9/a"), ports)
    ports.deliveries.disable(WEBHOOK, ports.clock())

    handle(registered("http://127.0.0.1:9/b"), ports)

    (webhook,) = store["webhooks"].find()
    assert (webhook["url"], webhook["state"]) == ("http://127.0.0.1:9/b", "disabled")


def test_without_a_webhook_a_status_change_owes_nothing(ports: Ports, store: Store) -> None:
    handle(status(1), ports)

    assert store["webhook_deliveries"].count_documents({}) == 0


def announced(instance_id: str, **changes: Any) -> Any:
    data = {
        "cloud": "aws",
        "region": "us-east-1",
        "instance_id": instance_id,
        "action": "terminate",
        **changes,
    }
    sent = outbox.compose(
        Origin("cloud", "e-1"),
        m.INTERRUPTION_ANNOUNCED,
        subject=instance_id,
        group="spot-notices",
        data=data,
    )
    return decode(encode(sent))


def test_the_clouds_notice_is_noted_at_the_machine_it_is_about(ports: Ports) -> None:
    handle(launched(1), ports)

    message = announced(f"i-{1:017x}")

    handle(message, ports)

    notice = record(ports)["interruption"]
    assert notice["action"] == "terminate"
    assert datetime.fromisoformat(notice["time"]) == (message.time + timedelta(minutes=2)).replace(
        microsecond=0
    )
    assert pending(record(ports)) == []
    gone = model.gone(record(ports), model.CloudState("terminated"), ports.clock())
    assert gone.changes["reason"] == Reason.SPOT_INTERRUPTED


def test_a_second_notice_and_one_about_somebody_elses_machine_change_nothing(ports: Ports) -> None:
    handle(launched(1), ports)
    handle(announced(f"i-{1:017x}"), ports)
    before = record(ports)

    handle(announced(f"i-{1:017x}", action="stop"), ports)
    handle(announced("i-00000000000000bad"), ports)
    handle(announced(f"i-{1:017x}", region="eu-west-1"), ports)

    assert record(ports) == before


def test_an_instance_that_has_not_heard_of_it_yet_does_not_take_the_notice_back(ports: Ports) -> None:
    handle(launched(1), ports)
    handle(announced(f"i-{1:017x}"), ports)

    seen = model.judge(record(ports), Look(phase="ready", ca_pem="PEM"), Streak(), ports.clock())

    assert "interruption" not in seen.changes
