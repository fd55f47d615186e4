"""The relay publishes what was committed: in order, and never past a failure."""

import threading
from collections.abc import Mapping

from botocore.exceptions import EndpointConnectionError

from contracts.envelope import decode
from services.chassis import leases, outbox
from services.chassis.queues.memory import MemoryQueues
from services.chassis.relay import EVENTS
from tests.unit.chassis.conftest import FakeClock
from tests.unit.chassis.world import QUEUE, World, nudge


class Sent(MemoryQueues):
    """Queues that note every send, can refuse some, and can end the process in the middle of one."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.sent: list[str] = []
        self.refuse: set[str] = set()
        self.die_after: str | None = None

    def send(
        self, queue: str, body: str, *, group: str, dedup_id: str, attributes: Mapping[str, str] | None = None
    ) -> None:
        message_id = decode(body).id
        if message_id in self.refuse:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
        super().send(queue, body, group=group, dedup_id=dedup_id, attributes=attributes)
        self.sent.append(message_id)
        if message_id == self.die_after:
            raise SystemExit


def test_events_go_out_in_order_and_leave_the_record(world: World) -> None:
    messages = [nudge(number) for number in range(5)]
    outbox.insert(world.things, {"_id": "t"}, events=messages)

    assert world.relay().publish_pending() == 5

    assert [message.id for message in world.bodies()] == [message.id for message in messages]
    stored = world.things.find_one({"_id": "t"}) or {}
    assert stored["pending_events"] == []
    assert "pending_at" not in stored
    assert world.relay().publish_pending() == 0


def test_the_relay_never_changes_a_version(world: World) -> None:
    before = outbox.insert(world.things, {"_id": "t"}, events=[nudge()])

    world.relay().publish_pending()

    assert outbox.save(world.things, before, {"status": "on"})["version"] == 2


def test_every_published_event_stands_in_the_log(world: World) -> None:
    message = nudge()
    outbox.insert(world.things, {"_id": "t"}, events=[message])

    world.relay().publish_pending()

    logged = world.store[EVENTS.name].find_one({"_id": message.id}) or {}
    assert logged["queues"] == [QUEUE.name]
    assert decode(logged["body"]) == message


def test_it_stops_at_the_first_failure_and_goes_on_from_there(world: World, clock: FakeClock) -> None:
    queues, messages = Sent(clock), [nudge(number) for number in range(4)]
    outbox.insert(world.things, {"_id": "t"}, events=messages)
    queues.refuse = {messages[2].id}

    assert world.relay(queues=queues).publish_pending() == 2
    stored = world.things.find_one({"_id": "t"}) or {}
    assert [event["id"] for event in stored["pending_events"]] == [messages[2].id, messages[3].id]
    assert stored["pending_at"] is not None

    queues.refuse = set()
    assert world.relay(queues=queues).publish_pending() == 2
    assert queues.sent == [message.id for message in messages]


def test_one_record_that_fails_does_not_hold_up_another(world: World, clock: FakeClock) -> None:
    queues, stuck, fine = Sent(clock), nudge(1), nudge(2)
    outbox.insert(world.things, {"_id": "stuck"}, events=[stuck])
    outbox.insert(world.things, {"_id": "fine"}, events=[fine])
    queues.refuse = {stuck.id}

    assert world.relay(queues=queues).publish_pending() == 1
    assert queues.sent == [fine.id]


def test_after_a_crash_between_send_and_pull_the_same_message_goes_again(
    world: World, clock: FakeClock
) -> None:
    queues, message = Sent(clock), nudge()
    outbox.insert(world.things, {"_id": "t"}, events=[message])
    queues.die_after = message.id
    try:
        world.relay(queues=queues).publish_pending()
    except SystemExit:
        queues.die_after = None
    _lapse_relay(world, "t")

    assert world.relay("relay-b", queues=queues).publish_pending() == 1

    assert queues.sent == [message.id, message.id]
    assert queues.depth(QUEUE.name).visible == 1  # The broker dropped the copy.


def test_a_copy_that_the_broker_let_through_has_no_second_effect(world: World, clock: FakeClock) -> None:
    message = nudge()
    outbox.insert(world.things, {"_id": "t"}, events=[message])
    world.send(message)
    world.worker().run_once()
    clock.later(minutes=6)  # Beyond the broker's memory of dedup ids.

    world.relay().publish_pending()
    world.settle(world.worker())

    assert world.handled == [message.id]


def test_concurrent_relays_never_publish_twice_or_out_of_order(world: World, clock: FakeClock) -> None:
    queues = Sent(clock)
    expected = {}
    for record in range(12):
        messages = [nudge(10 * record + number, user=f"usr_{record}") for number in range(3)]
        outbox.insert(world.things, {"_id": f"t{record}"}, events=messages)
        expected[f"usr_{record}"] = [message.id for message in messages]

    relays = [world.relay(f"relay-{number}", queues=queues) for number in range(4)]
    threads = [threading.Thread(target=relay.publish_pending) for relay in relays]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(queues.sent) == len(set(queues.sent)) == 36
    for ids in expected.values():
        assert [sent for sent in queues.sent if sent in ids] == ids


def test_a_record_that_another_relay_holds_is_left_to_it(world: World) -> None:
    outbox.insert(world.things, {"_id": "t"}, events=[nudge()])
    leases.acquire(world.things, "t", field="relay", owner="other", ttl_s=15, create=False)

    assert world.relay().publish_pending() == 0


def test_events_committed_while_it_publishes_keep_their_mark(world: World, clock: FakeClock) -> None:
    first, second = nudge(1), nudge(2)
    before = outbox.insert(world.things, {"_id": "t"}, events=[first])

    class Meanwhile(Sent):
        def send(
            self,
            queue: str,
            body: str,
            *,
            group: str,
            dedup_id: str,
            attributes: Mapping[str, str] | None = None,
        ) -> None:
            super().send(queue, body, group=group, dedup_id=dedup_id, attributes=attributes)
            if decode(body).id == first.id:
                outbox.save(world.things, before, {}, events=[second])

    queues = Meanwhile(clock)
    assert world.relay(queues=queues).publish_pending() == 1

    stored = world.things.find_one({"_id": "t"}) or {}
    assert [event["id"] for event in stored["pending_events"]] == [second.id]
    assert "pending_at" in stored
    assert world.relay(queues=queues).publish_pending() == 1
    assert queues.sent == [first.id, second.id]


def test_a_relay_that_was_overtaken_removes_nothing_of_its_successors(world: World, clock: FakeClock) -> None:
    """It hung in a send until its lease lapsed; the successor has the record now, and pulls what it sent itself."""
    message = nudge()
    outbox.insert(world.things, {"_id": "t"}, events=[message])

    class Hanging(Sent):
        def send(
            self,
            queue: str,
            body: str,
            *,
            group: str,
            dedup_id: str,
            attributes: Mapping[str, str] | None = None,
        ) -> None:
            super().send(queue, body, group=group, dedup_id=dedup_id, attributes=attributes)
            _lapse_relay(world, "t")
            leases.acquire(world.things, "t", field="relay", owner="successor", ttl_s=15, create=False)

    world.relay(queues=Hanging(clock)).publish_pending()

    stored = world.things.find_one({"_id": "t"}) or {}
    assert [event["id"] for event in stored["pending_events"]] == [message.id]
    assert stored["relay"]["owner"] == "successor"


def test_running_it_wakes_on_a_commit_and_stops_when_told(world: World) -> None:
    relay, stopping = world.relay(), threading.Event()
    thread = threading.Thread(target=relay.run, args=(stopping,))
    thread.start()
    outbox.insert(world.things, {"_id": "t"}, events=[nudge()])
    relay.wake()

    delivery = world.queues.receive(QUEUE.name, wait_s=5, visibility_s=60)

    stopping.set()
    thread.join(timeout=5)
    assert delivery is not None
    assert not thread.is_alive()


def _lapse_relay(world: World, record: str) -> None:
    world.things.update_one({"_id": record}, [{"$set": {"relay.expires_at": {"$subtract": ["$$NOW", 1000]}}}])
