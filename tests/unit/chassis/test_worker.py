"""The three outcomes of a message, and everything that may go wrong around them."""

import threading
from collections.abc import Callable

import pytest
from botocore.exceptions import EndpointConnectionError
from pymongo.errors import AutoReconnect, DuplicateKeyError

from contracts.envelope import Message, encode
from contracts.topology import MAX_DEFERRALS, MAX_FAILURES
from services.chassis.errors import RejectError, RetryError, StaleError, UnavailableError
from services.chassis.inbox import INBOX
from services.chassis.queues.memory import MemoryQueues
from services.chassis.queues.port import Delivery, ReceiptExpiredError
from tests.unit.chassis.conftest import FakeClock
from tests.unit.chassis.world import QUEUE, World, nudge


def _raising(*errors: Exception | None, calls: list[str] | None = None) -> Callable[[Message], None]:
    """A handler that meets each of these in turn, and the last one for ever."""
    left = list(errors)

    def handle(message: Message) -> None:
        if calls is not None:
            calls.append(message.id)
        error = left.pop(0) if len(left) > 1 else left[0]
        if error is not None:
            raise error

    return handle


def _queue_is_empty(world: World) -> bool:
    depth = world.queues.depth(QUEUE.name)
    return not depth.visible and not depth.in_flight


def test_done_is_acknowledged_and_remembered(world: World) -> None:
    message = world.send()

    assert world.worker().run_once()

    assert world.handled == [message.id]
    assert world.record(message)["state"] == "done"
    assert _queue_is_empty(world)
    assert not world.worker().run_once()


def test_a_duplicate_has_no_second_effect(world: World) -> None:
    message = world.send()
    world.worker().run_once()

    world.send(message, dedup="another")
    assert world.worker(owner="b").run_once()

    assert world.handled == [message.id]
    assert _queue_is_empty(world)


def test_retry_brings_the_same_delivery_back_after_its_time(world: World, clock: FakeClock) -> None:
    message, calls = world.send(), list[str]()
    worker = world.worker(_raising(RetryError(20), None, calls=calls))

    worker.run_once()
    clock.later(seconds=19)
    assert not worker.run_once()
    clock.later(seconds=2)
    assert worker.run_once()

    assert calls == [message.id] * 2
    assert world.record(message)["deferrals"] == 1
    assert "failures" not in world.record(message)


def test_retry_keeps_the_group_waiting_behind_it(world: World, clock: FakeClock) -> None:
    first, second = world.send(nudge(1)), world.send(nudge(2))
    other = world.send(nudge(3, user="usr_b"))
    calls = list[str]()
    worker = world.worker(_raising(RetryError(20), None, calls=calls))

    worker.run_once()
    worker.run_once()
    assert not worker.run_once()
    clock.later(seconds=21)
    worker.run_once()
    worker.run_once()

    assert calls == [first.id, other.id, first.id, second.id]


def test_reject_is_dead_lettered_at_once_with_its_reason(world: World) -> None:
    message = world.send()

    world.worker(_raising(RejectError("there is no such deployment"))).run_once()

    (letter,) = world.dead_letters()
    assert letter.body == encode(message)
    assert letter.attributes["reason"] == "there is no such deployment"
    assert letter.attributes["source_queue"] == QUEUE.name
    assert world.record(message)["state"] == "dead"
    assert _queue_is_empty(world)


def test_a_type_without_a_handler_is_rejected(world: World) -> None:
    worker = world.worker()
    worker._handlers = {}
    world.send()

    worker.run_once()

    assert "no handler here" in world.dead_letters()[0].attributes["reason"]


def test_the_third_failure_is_the_last(world: World, clock: FakeClock) -> None:
    message, calls = world.send(), list[str]()
    worker = world.worker(_raising(ValueError("bug"), calls=calls))

    world.settle(worker)

    assert calls == [message.id] * MAX_FAILURES
    (letter,) = world.dead_letters()
    assert letter.attributes["reason"] == "failed 3 times: ValueError"
    record = world.record(message)
    assert (record["state"], record["failures"]) == ("dead", 3)


def test_a_dead_letter_stays_dead_when_it_comes_once_more(world: World) -> None:
    message, calls = world.send(), list[str]()
    worker = world.worker(_raising(ValueError("bug"), calls=calls))
    world.settle(worker)

    world.send(message, dedup="resent")
    world.settle(worker)

    assert len(calls) == MAX_FAILURES
    assert len(world.dead_letters()) == 1


def test_a_failure_that_passes_is_forgiven(world: World) -> None:
    message = world.send()

    world.settle(world.worker(_raising(ValueError("bug"), ValueError("bug"), None)))

    assert world.record(message)["state"] == "done"
    assert world.dead_letters() == []


@pytest.mark.parametrize(
    "error",
    [
        AutoReconnect("down"),
        EndpointConnectionError(endpoint_url="http://x"),
        UnavailableError(),
        StaleError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_outage_around_us_is_no_failure_of_the_message(world: World, error: Exception) -> None:
    message = world.send()

    world.settle(world.worker(_raising(error, error, error, error, error, None)))

    assert world.record(message)["state"] == "done"
    assert world.record(message)["deferrals"] == 5
    assert "failures" not in world.record(message)


def test_a_write_that_the_store_refuses_is_a_failure(world: World) -> None:
    world.send()

    world.settle(world.worker(_raising(DuplicateKeyError("E11000"))))

    assert world.dead_letters()[0].attributes["reason"] == "failed 3 times: DuplicateKeyError"


def test_an_outage_of_minutes_uses_up_few_deferrals(world: World, clock: FakeClock) -> None:
    message, started = world.send(), clock.now
    worker = world.worker(_raising(UnavailableError()))

    while (clock.now - started).total_seconds() < 600:
        worker.run_once()
        clock.later(seconds=1)

    assert world.record(message)["deferrals"] < MAX_DEFERRALS / 2
    assert world.dead_letters() == []


def test_deferrals_have_an_end(world: World) -> None:
    message = world.send()

    world.settle(world.worker(_raising(RetryError(1, "the other run goes on"))))

    (letter,) = world.dead_letters()
    assert letter.attributes["reason"] == f"deferred {MAX_DEFERRALS + 1} times: the other run goes on"
    assert world.record(message)["state"] == "dead"


def test_a_crash_never_counts(world: World, clock: FakeClock) -> None:
    """However often a process dies over a message: it is handled in the end, and never dead-lettered."""
    message = world.send()
    for number in range(5):
        with pytest.raises(SystemExit):
            world.worker(_dying, owner=f"process-{number}").run_once()
        world.lapse(message)
        clock.later(seconds=61)

    world.worker().run_once()

    assert world.handled == [message.id]
    assert "failures" not in world.record(message)
    assert world.dead_letters() == []


def test_a_message_whose_handler_still_lives_waits_for_it(world: World, clock: FakeClock) -> None:
    message = world.send()
    with pytest.raises(SystemExit):
        world.worker(_dying, owner="dead").run_once()
    clock.later(seconds=61)  # Visible again, but the claim has not lapsed.

    heir = world.worker(owner="heir")
    heir.run_once()
    assert world.handled == []

    world.lapse(message)
    clock.later(seconds=3)
    heir.run_once()
    assert world.handled == [message.id]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("not json", "body is not JSON"),
        ("[" * 50_000, "body is not JSON"),
        ("[]", "envelope"),
        ("{}", "envelope"),
        ('"\\ud800"', "body is not JSON"),
        ("x" * 200_001, "larger than 200000 bytes"),
    ],
    ids=["text", "deep", "list", "empty", "half a character", "large"],
)
def test_an_undecodable_body_is_dead_lettered_at_once(world: World, body: str, reason: str) -> None:
    world.queues.send(QUEUE.name, body, group="g", dedup_id="1")

    world.worker().run_once()

    (letter,) = world.dead_letters()
    assert letter.body == body
    assert reason in letter.attributes["reason"]
    assert _queue_is_empty(world)
    assert world.store[INBOX.name].count_documents({}) == 0


def test_undecodable_bodies_of_one_moment_are_all_kept(world: World) -> None:
    for number in range(3):
        world.queues.send(QUEUE.name, f"not json {number}", group=str(number), dedup_id=str(number))

    world.settle(world.worker())

    assert len(world.dead_letters()) == 3


def test_a_reason_is_fit_for_a_broker(world: World) -> None:
    world.send()

    world.worker(_raising(RejectError("a\x00b\x1b[31m" + "x" * 5000))).run_once()

    reason = world.dead_letters()[0].attributes["reason"]
    assert reason.startswith("a?b?[31m")
    assert len(reason) == 1000


def test_the_dead_letter_hook_hears_of_it_before_the_message_goes(world: World) -> None:
    message, heard = world.send(), list[tuple[str, str, int]]()

    def hook(dead: Message, reason: str) -> None:
        heard.append((dead.id, reason, world.queues.depth(QUEUE.name).in_flight))

    world.worker(_raising(RejectError("no")), on_dead_letter=hook).run_once()

    assert heard == [(message.id, "no", 1)]


def test_a_hook_that_fails_is_tried_again_and_nothing_is_lost(world: World, clock: FakeClock) -> None:
    message, tries = world.send(), list[int]()

    def hook(dead: Message, reason: str) -> None:
        tries.append(1)
        if len(tries) == 1:
            raise StaleError("the record changed")

    worker = world.worker(_raising(RejectError("no")), on_dead_letter=hook)
    with pytest.raises(StaleError):
        worker.run_once()
    assert world.dead_letters() == []

    world.lapse(message)
    world.settle(worker)

    assert len(tries) == 2
    assert len(world.dead_letters()) == 1


def test_a_crash_after_the_copy_and_before_the_verdict_makes_no_second_copy(
    world: World, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = world.send()
    worker = world.worker(_raising(RejectError("no")))
    with monkeypatch.context() as patched:
        patched.setattr("services.chassis.inbox.Inbox.bury", _exit)
        with pytest.raises(SystemExit):
            worker.run_once()

    world.lapse(message)
    world.settle(worker)

    assert len(world.dead_letters()) == 1
    assert world.record(message)["state"] == "dead"


def test_a_redriven_message_that_fails_again_is_a_new_dead_letter(world: World, clock: FakeClock) -> None:
    """Within the broker's memory of dedup ids: the second copy must not be taken for the first."""
    message = world.send()
    worker = world.worker(_raising(ValueError("bug")))
    world.settle(worker)
    clock.later(seconds=1)

    world.inbox().forget(message.id)
    world.send(message, dedup="redriven")
    world.settle(worker)

    assert len(world.dead_letters()) == 2


def test_a_late_acknowledgement_is_harmless(world: World) -> None:
    message = world.send()

    class Late(_Through):
        def ack(self, delivery: Delivery) -> None:
            raise ReceiptExpiredError

    world.worker(queues=Late(world.queues)).run_once()

    assert world.record(message)["state"] == "done"
    assert world.handled == [message.id]


def test_whoever_lost_its_claim_leaves_the_delivery_to_the_new_holder(world: World) -> None:
    """A process that slept through its lease: the other one has the message, and decides alone."""
    message = world.send()

    def sleep_through(handled: Message) -> None:
        world.lapse(message)
        world.inbox("heir").claim(handled.id)

    world.worker(sleep_through).run_once()

    assert "state" not in world.record(message)
    assert world.queues.depth(QUEUE.name).in_flight == 1


def test_when_the_store_is_down_the_message_comes_again_soon(
    world: World, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    message, worker = world.send(), world.worker()
    with monkeypatch.context() as patched:
        patched.setattr("services.chassis.inbox.Inbox.claim", _no_store)
        with pytest.raises(AutoReconnect):
            worker.run_once()

    clock.later(seconds=6)
    worker.run_once()

    assert world.handled == [message.id]


def test_the_heartbeat_renews_the_claim_before_the_visibility(world: World) -> None:
    world.send()
    beats, enough = list[str](), threading.Event()

    class Noted(_Through):
        def extend(self, delivery: Delivery, *, visibility_s: int) -> None:
            beats.append("visibility")
            if len(beats) >= 4:
                enough.set()

    worker = world.worker(lambda _: _wait(enough), queues=Noted(world.queues), heartbeat_s=0.02)
    renew = worker._inbox.renew
    worker._inbox.renew = lambda entry: (beats.append("claim"), renew(entry))[1]  # type: ignore[method-assign]

    worker.run_once()

    assert beats[:4] == ["claim", "visibility"] * 2


def test_without_a_claim_the_visibility_is_not_prolonged(world: World) -> None:
    message = world.send()
    extended, looked = list[str](), threading.Event()

    class Noted(_Through):
        def extend(self, delivery: Delivery, *, visibility_s: int) -> None:
            extended.append(delivery.body)

    def lose_it(_: Message) -> None:
        world.lapse(message)
        _wait(looked)

    worker = world.worker(lose_it, queues=Noted(world.queues), heartbeat_s=0.02)
    renew = worker._inbox.renew

    def seen(entry: object) -> bool:
        kept = renew(entry)  # type: ignore[arg-type]  # It is an Entry.
        looked.set()
        return kept

    worker._inbox.renew = seen  # type: ignore[method-assign, assignment]

    worker.run_once()

    assert extended == []


def test_told_to_stop_it_finishes_the_message_in_hand_and_takes_no_other(world: World) -> None:
    first, second = world.send(nudge(1)), world.send(nudge(2, user="usr_b"))
    stopping, begun, go_on = threading.Event(), threading.Event(), threading.Event()

    def slowly(message: Message) -> None:
        begun.set()
        _wait(go_on)
        world.note(message)

    slot = threading.Thread(target=world.worker(slowly).run, args=(stopping,))
    slot.start()
    _wait(begun)
    stopping.set()
    go_on.set()
    slot.join(timeout=5)

    assert not slot.is_alive()
    assert world.handled == [first.id]
    assert world.record(second) == {}


def test_a_slot_outlives_anything_a_message_does(world: World, clock: FakeClock) -> None:
    stopping, seen = threading.Event(), list[int]()

    class Breaking(_Through):
        def receive(self, queue: str, *, wait_s: float, visibility_s: int) -> Delivery | None:
            seen.append(1)
            if len(seen) == 1:
                raise RuntimeError("something nobody thought of")
            stopping.set()
            return None

    slot = threading.Thread(target=world.worker(queues=Breaking(world.queues)).run, args=(stopping,))
    slot.start()
    slot.join(timeout=5)

    assert len(seen) == 2


class _Through(MemoryQueues):
    """Other queues, seen through; a test replaces one method."""

    def __init__(self, inner: MemoryQueues) -> None:
        self.__dict__.update(inner.__dict__)


def _dying(_: Message) -> None:
    raise SystemExit


def _exit(*_: object) -> bool:
    raise SystemExit


def _no_store(*_: object) -> None:
    raise AutoReconnect("no store")


def _wait(event: threading.Event) -> None:
    assert event.wait(5), "it never happened"
