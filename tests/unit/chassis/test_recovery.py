"""A broker that lost its messages is a delay, never a loss."""

from contracts.envelope import Message
from services.chassis import outbox
from services.chassis.errors import RejectError
from services.chassis.queues.memory import MemoryQueues
from services.chassis.relay import EVENTS
from tests.unit.chassis.conftest import FakeClock
from tests.unit.chassis.world import QUEUE, World, nudge


def _publish(world: World, *messages: Message) -> None:
    outbox.insert(world.things, {"_id": messages[0].id}, events=messages)
    world.relay().publish_pending()
    published = {"published_at": world.clock()}
    world.store[EVENTS.name].update_many(
        {"_id": {"$in": [each.id for each in messages]}}, {"$set": published}
    )


def _wipe(world: World) -> None:
    """The broker restarts and has forgotten everything, its dedup ids too."""
    world.queues.__dict__.update(MemoryQueues(world.clock).__dict__)


def test_a_wiped_broker_is_filled_again_in_order(world: World, clock: FakeClock) -> None:
    messages = [nudge(number) for number in range(4)]
    _publish(world, *messages)
    _wipe(world)
    clock.later(seconds=21)

    assert world.recovery().heal() == 4
    world.settle(world.worker())

    assert world.handled == [message.id for message in messages]


def test_what_was_handled_is_never_sent_again(world: World, clock: FakeClock) -> None:
    done, lost = nudge(1), nudge(2)
    _publish(world, done, lost)
    world.worker().run_once()
    _wipe(world)
    clock.later(seconds=21)

    assert world.recovery().heal() == 1
    world.settle(world.worker())

    assert world.handled == [done.id, lost.id]


def test_what_was_dead_lettered_is_never_sent_again(world: World, clock: FakeClock) -> None:
    _publish(world, nudge())

    def refuse(_: Message) -> None:
        raise RejectError("no")

    world.settle(world.worker(refuse))
    clock.later(seconds=21)

    assert world.recovery().heal() == 0


def test_what_failed_three_times_is_never_sent_again(world: World, clock: FakeClock) -> None:
    _publish(world, nudge())

    def fail(_: Message) -> None:
        raise ValueError("bug")

    world.settle(world.worker(fail))
    clock.later(seconds=21)

    assert world.recovery().heal() == 0
    assert world.queues.depth(QUEUE.name).visible == 0


def test_a_backlog_is_left_alone(world: World, clock: FakeClock) -> None:
    _publish(world, nudge(1), nudge(2))
    clock.later(minutes=30)

    assert world.recovery().heal() == 0
    assert world.queues.depth(QUEUE.name).visible == 2


def test_a_message_in_somebodys_hands_is_left_alone(world: World, clock: FakeClock) -> None:
    _publish(world, nudge())
    world.queues.receive(QUEUE.name, wait_s=0, visibility_s=3600)
    clock.later(seconds=60)

    assert world.recovery().heal() == 0


def test_a_message_just_published_has_its_time(world: World, clock: FakeClock) -> None:
    _publish(world, nudge())
    _wipe(world)
    clock.later(seconds=19)

    assert world.recovery().heal() == 0


def test_the_message_of_a_dead_process_is_sent_again_and_handled_once(world: World, clock: FakeClock) -> None:
    message = nudge()
    _publish(world, message)
    world.inbox("dead").claim(message.id)
    _wipe(world)
    clock.later(seconds=21)

    assert world.recovery().heal() == 1
    heir = world.worker(owner="heir")
    heir.run_once()
    assert world.handled == []

    world.lapse(message)
    world.settle(heir)
    assert world.handled == [message.id]


def test_two_processes_that_heal_together_send_one_copy(world: World, clock: FakeClock) -> None:
    _publish(world, nudge())
    _wipe(world)
    clock.later(seconds=21)
    event = world.store[EVENTS.name].find_one() or {}

    for recovery in (world.recovery(), world.recovery()):
        recovery._resend(dict(event), QUEUE)

    assert world.queues.depth(QUEUE.name).visible == 1


def test_a_copy_that_is_lost_too_is_sent_again(world: World, clock: FakeClock) -> None:
    message = nudge()
    _publish(world, message)
    for _ in range(3):
        _wipe(world)
        clock.later(seconds=21)
        assert world.recovery().heal() == 1

    world.settle(world.worker())

    assert world.handled == [message.id]


def test_a_look_at_what_has_arrived_is_taken_once(world: World, clock: FakeClock) -> None:
    message = nudge()
    _publish(world, message)
    world.settle(world.worker())
    clock.later(seconds=21)

    assert world.recovery().heal() == 0
    assert (world.store[EVENTS.name].find_one() or {})["arrived"] == [QUEUE.name]
