"""A user's commands run in order, at most the tier's cap at a time, and nobody waits for somebody else."""

import threading

from contracts import messages as m
from contracts.vocabulary import Tier
from services.chassis.errors import StaleError
from tests.unit.deployments.world import ORIGIN, World


def test_ten_creates_of_a_free_user_run_one_at_a_time_in_order(world: World) -> None:
    created = [world.create() for _ in range(10)]
    for each in created:
        world.admit(each)

    for position, each in enumerate(created):
        expected = ["starting"] * position + ["selecting"] + ["requested"] * (9 - position)
        assert world.statuses(*created) == expected
        world.provision(each.deployment["_id"])


def test_a_paid_user_has_four_in_flight(world: World) -> None:
    created = [world.create(tier=Tier.PAID) for _ in range(6)]
    world.admit(created[0])

    assert world.statuses(*created) == ["selecting"] * 4 + ["requested"] * 2


def test_another_user_is_not_delayed(world: World) -> None:
    for _ in range(3):
        world.admit(world.create("usr_a"))

    other = world.create("usr_b")
    world.admit(other)

    assert world.statuses(other) == ["selecting"]


def test_the_command_goes_to_the_queue_of_the_tier(world: World) -> None:
    created = world.create(tier=Tier.PAID)
    world.admit(created)

    command = next(
        e for e in world.get(created.deployment["_id"])["pending_events"] if e["type"] == m.PROVISION
    )
    assert command["queues"] == ["agent-commands-paid.fifo"]


def test_a_failed_command_frees_its_slot(world: World) -> None:
    first, second = world.create(), world.create()
    world.admit(first)

    world.handle(
        m.FAILED,
        first.deployment["_id"],
        command_id=world.get(first.deployment["_id"])["command"]["id"],
        reason="no_capacity",
        detail="Every offer was out of capacity.",
    )

    assert world.statuses(first, second) == ["failed", "selecting"]


def test_admitting_again_changes_nothing(world: World) -> None:
    first, second = world.create(), world.create()
    for _ in range(3):
        world.admit(first)
        world.admit(second)

    assert world.statuses(first, second) == ["selecting", "requested"]
    assert len(world.commands(first.deployment["_id"])) == 1


def test_a_slot_taken_before_a_crash_is_used_afterwards(world: World) -> None:
    created = world.create()
    queue = world.admission._user_queues.get("usr_a")
    world.admission._user_queues.set_slots(queue, [created.deployment["_id"]])  # … and the process died here.

    world.admit(created)

    assert world.statuses(created) == ["selecting"]


def test_racing_admissions_never_exceed_the_cap(world: World) -> None:
    created = [world.create() for _ in range(5)]
    start = threading.Barrier(4)

    def admit() -> None:
        start.wait()
        for _ in range(5):
            try:
                world.admission.advance("usr_a", ORIGIN)
            except StaleError:
                continue

    threads = [threading.Thread(target=admit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert world.statuses(*created) == ["selecting"] + ["requested"] * 4
    assert len(world.commands(created[0].deployment["_id"])) == 1
