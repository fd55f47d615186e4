"""Every message takes effect once, and only handled failures count."""

from concurrent.futures import ThreadPoolExecutor

from services.chassis.inbox import Claim, Entry, Inbox
from tests.unit.chassis.world import World, nudge


def _claimed(inbox: Inbox, message_id: str = "msg_1") -> Entry:
    claim, entry = inbox.claim(message_id)
    assert claim is Claim.OURS
    assert entry is not None
    return entry


def test_a_new_message_is_ours_and_busy_for_everybody_else(world: World) -> None:
    _claimed(world.inbox("a"))

    assert world.inbox("b").claim("msg_1") == (Claim.BUSY, None)
    assert world.inbox("a").claim("msg_1") == (Claim.BUSY, None)


def test_services_do_not_see_each_others_claims(world: World) -> None:
    _claimed(world.inbox())

    _claimed(Inbox(world.store, "health", "a"))


def test_a_finished_message_stays_finished_also_when_its_claim_has_lapsed(world: World) -> None:
    message, inbox = nudge(), world.inbox()
    assert inbox.finish(_claimed(inbox, message.id))

    assert inbox.claim(message.id) == (Claim.FINISHED, None)
    world.lapse(message)
    assert inbox.claim(message.id) == (Claim.FINISHED, None)
    assert inbox.has_finished(message.id)


def test_a_buried_message_is_finished_and_knows_why(world: World) -> None:
    message, inbox = nudge(), world.inbox()
    assert inbox.bury(_claimed(inbox, message.id), "impossible")

    assert inbox.claim(message.id) == (Claim.FINISHED, None)
    assert (world.record(message)["state"], world.record(message)["reason"]) == ("dead", "impossible")


def test_the_claim_of_a_crashed_process_passes_on_and_counts_nothing(world: World) -> None:
    message = nudge()
    first = _claimed(world.inbox("crashed"), message.id)
    world.lapse(message)

    second = _claimed(world.inbox("heir"), message.id)

    assert second.epoch == first.epoch + 1
    assert "failures" not in world.record(message)


def test_whoever_lost_the_claim_can_neither_renew_nor_finish_nor_count(world: World) -> None:
    message, late = nudge(), world.inbox("late")
    entry = _claimed(late, message.id)
    world.lapse(message)
    heir = _claimed(world.inbox("heir"), message.id)

    assert not late.renew(entry)
    assert not late.finish(entry)
    assert not late.bury(entry, "no")
    assert late.count_failure(entry) is None
    late.release(entry)

    assert not late.has_finished(message.id)
    assert world.inbox("heir").renew(heir)


def test_failures_and_deferrals_are_counted_apart(world: World) -> None:
    inbox = world.inbox()
    entry = _claimed(inbox)

    assert [inbox.count_failure(entry), inbox.count_deferral(entry), inbox.count_failure(entry)] == [1, 1, 2]


def test_counting_keeps_the_claim_and_releasing_gives_it_back(world: World) -> None:
    inbox = world.inbox()
    entry = _claimed(inbox)
    inbox.count_failure(entry)

    assert inbox.claim("msg_1") == (Claim.BUSY, None)
    inbox.release(entry)
    assert _claimed(inbox).epoch == entry.epoch + 1


def test_a_redrive_starts_afresh(world: World) -> None:
    inbox = world.inbox()
    entry = _claimed(inbox)
    inbox.count_failure(entry)
    inbox.bury(entry, "failed")

    inbox.forget("msg_1")

    assert inbox.count_failure(_claimed(inbox)) == 1


def test_of_many_slots_one_gets_the_message(world: World) -> None:
    with ThreadPoolExecutor(8) as slots:
        claims = list(slots.map(lambda number: world.inbox(f"slot-{number}").claim("msg_1")[0], range(8)))

    assert claims.count(Claim.OURS) == 1
    assert claims.count(Claim.BUSY) == 7
