"""Dead letters can be looked at and sent back, without losing or doubling one."""

from contracts.envelope import Message
from services.chassis.queues import dead_letters
from services.chassis.queues.memory import MemoryQueues
from tests.unit.chassis.conftest import FakeClock
from tests.unit.chassis.world import QUEUE, World, nudge


def _fail(_: Message) -> None:
    raise ValueError("bug")


def test_listing_leaves_them_where_they_are(world: World) -> None:
    message = world.send()
    world.queues.send(QUEUE.name, "not json", group="g", dedup_id="1")
    world.settle(world.worker(_fail))

    for _ in range(2):
        found = dead_letters.listed(world.queues)
        assert {letter.message.id if letter.message else None for letter in found} == {message.id, None}
    assert {letter.reason for letter in found} == {"failed 3 times: ValueError", "body is not JSON"}


def test_a_redriven_message_is_handled_with_a_fresh_count(world: World, clock: FakeClock) -> None:
    message = world.send()
    world.settle(world.worker(_fail))
    clock.later(seconds=1)

    assert dead_letters.redrive(world.queues, world.store) == 1
    assert world.queues.depth(QUEUE.dead_letter).visible == 0
    world.settle(world.worker())

    assert world.handled == [message.id]


def test_only_the_wanted_one_is_sent_back_and_the_undecodable_stay(world: World) -> None:
    wanted, other = world.send(nudge(1)), world.send(nudge(2, user="usr_b"))
    world.queues.send(QUEUE.name, "not json", group="g", dedup_id="1")
    world.settle(world.worker(_fail))

    assert dead_letters.redrive(world.queues, world.store, message_id=wanted.id) == 1

    left = {letter.message.id if letter.message else None for letter in dead_letters.listed(world.queues)}
    assert left == {other.id, None}
    assert dead_letters.redrive(world.queues, world.store) == 1


def test_the_memory_of_dedup_ids_does_not_grow_for_ever(clock: FakeClock) -> None:
    queues = MemoryQueues(clock)
    for number in range(1000):
        queues.send("q", "m", group="g", dedup_id=str(number))
        clock.later(seconds=1)

    assert len(queues._queue("q").dedup) <= 300
