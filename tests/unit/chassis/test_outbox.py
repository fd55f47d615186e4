"""State, events and history go in one guarded write, or not at all."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from marshmallow import ValidationError
from pymongo.errors import DuplicateKeyError

from contracts import messages as m
from contracts.envelope import decode
from services.chassis import outbox
from services.chassis.errors import StaleError
from tests.unit.chassis.world import ORIGIN, QUEUE, World, nudge


def test_an_insert_stores_the_record_with_its_events(world: World) -> None:
    message = nudge()

    outbox.insert(world.things, {"_id": "t", "status": "new"}, events=[message])

    stored = world.things.find_one({"_id": "t"}) or {}
    assert (stored["version"], stored["status"]) == (1, "new")
    assert stored["pending_at"] is not None
    assert [event["queues"] for event in stored["pending_events"]] == [[QUEUE.name]]
    assert decode(stored["pending_events"][0]["body"]) == message


def test_an_insert_without_events_leaves_nothing_for_the_relay(world: World) -> None:
    outbox.insert(world.things, {"_id": "t"})

    assert "pending_at" not in (world.things.find_one({"_id": "t"}) or {})


def test_an_insert_over_a_known_id_changes_nothing(world: World) -> None:
    outbox.insert(world.things, {"_id": "t", "status": "old"})

    with pytest.raises(DuplicateKeyError):
        outbox.insert(world.things, {"_id": "t", "status": "new"}, events=[nudge()])

    assert (world.things.find_one({"_id": "t"}) or {})["pending_events"] == []


def test_a_save_raises_the_version_and_appends_its_events(world: World) -> None:
    before = outbox.insert(world.things, {"_id": "t", "status": "new"}, events=[nudge(1)])

    after = outbox.save(world.things, before, {"status": "old"}, events=[nudge(2), nudge(3)])

    assert (after["version"], after["status"]) == (2, "old")
    assert [event["subject"] for event in after["pending_events"]] == ["dep_1", "dep_2", "dep_3"]


def test_a_save_over_a_changed_record_is_stale_and_emits_nothing(world: World) -> None:
    before = outbox.insert(world.things, {"_id": "t", "status": "new"})
    outbox.save(world.things, before, {"status": "theirs"})

    with pytest.raises(StaleError):
        outbox.save(world.things, before, {"status": "ours"}, events=[nudge()], history={"status": "ours"})

    stored = world.things.find_one({"_id": "t"}) or {}
    assert (stored["status"], stored["pending_events"], stored["history"]) == ("theirs", [], [])


def test_of_many_writers_of_one_version_one_wins(world: World) -> None:
    before = outbox.insert(world.things, {"_id": "t"})

    def write(number: int) -> bool:
        try:
            outbox.save(world.things, before, {"by": number}, events=[nudge(number)])
        except StaleError:
            return False
        return True

    with ThreadPoolExecutor(8) as writers:
        assert sum(writers.map(write, range(8))) == 1
    assert len((world.things.find_one({"_id": "t"}) or {})["pending_events"]) == 1


def test_a_fence_adds_its_conditions(world: World) -> None:
    before = outbox.insert(world.things, {"_id": "t", "lease": {"owner": "a", "epoch": 3}})

    with pytest.raises(StaleError):
        outbox.save(world.things, before, {"status": "late"}, fence={"lease.owner": "a", "lease.epoch": 2})
    assert outbox.save(world.things, before, {}, fence={"lease.owner": "a", "lease.epoch": 3})["version"] == 2


def test_history_keeps_the_last_twenty(world: World) -> None:
    record = outbox.insert(world.things, {"_id": "t"})

    for number in range(25):
        record = outbox.save(world.things, record, {}, history={"number": number})

    assert [entry["number"] for entry in record["history"]] == list(range(5, 25))


def test_an_event_that_breaks_its_schema_stops_the_whole_write(world: World) -> None:
    before = outbox.insert(world.things, {"_id": "t", "status": "new"})
    broken = outbox.compose(
        ORIGIN, m.CREATE_REQUESTED, subject="dep_1", group="usr_a", data={"deployment_id": "dep_1"}
    )

    with pytest.raises(ValidationError):
        outbox.save(world.things, before, {"status": "old"}, events=[broken])

    assert (world.things.find_one({"_id": "t"}) or {})["status"] == "new"


def test_a_nudge_of_a_command_has_a_new_dedup_id_and_the_same_command() -> None:
    first, again = (
        outbox.compose(
            ORIGIN, m.DESTROY, subject="dep_1", group="dep_1", data={}, command_id="dep_1:1:destroy", nudge=n
        )
        for n in (0, 1)
    )

    assert first.id != again.id
    assert (first.dedup_id, again.dedup_id) == ("dep_1:1:destroy:0", "dep_1:1:destroy:1")
