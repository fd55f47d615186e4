"""A lost message is a delay, never a stuck deployment."""

from contracts import messages as m
from tests.unit.deployments.world import World


def test_a_lost_request_is_admitted_by_the_sweep(world: World) -> None:
    created = world.create()

    world.later(minutes=2)
    world.sweep.sweep()

    assert world.statuses(created) == ["selecting"]


def test_a_command_without_an_outcome_is_announced_again_under_a_new_dedup_id(world: World) -> None:
    created = world.create()
    world.admit(created)
    world.later(minutes=3)

    world.sweep.sweep()

    first, again = world.commands(created.deployment["_id"])
    assert first.data["command_id"] == again.data["command_id"]
    assert first.id != again.id
    assert (first.dedup_id, again.dedup_id) == (f"{first.command_id}:0", f"{first.command_id}:1")


def test_nothing_is_announced_before_its_time(world: World) -> None:
    created = world.create()
    world.admit(created)
    world.later(seconds=30)

    assert world.sweep.sweep() == 0
    assert len(world.commands(created.deployment["_id"])) == 1


def test_a_lost_deletion_of_something_never_released_ends_it(world: World) -> None:
    created = world.create()
    world.delete(created.deployment["_id"])
    world.later(minutes=4)

    world.sweep.sweep()

    assert world.statuses(created) == ["deleted"]


def test_a_lost_deletion_of_something_released_destroys_it(world: World) -> None:
    created = world.create()
    world.admit(created)
    world.delete(created.deployment["_id"])
    world.later(minutes=4)

    world.sweep.sweep()

    assert [each.type for each in world.commands(created.deployment["_id"])] == [m.PROVISION, m.DESTROY]


def test_a_deletion_that_waited_long_is_carried_out_before_it_is_called_stuck(world: World) -> None:
    created = world.create()
    world.admit(created)
    world.delete(created.deployment["_id"])
    world.later(hours=3)

    world.sweep.sweep()

    assert world.statuses(created) == ["deleting"]
    assert world.commands(created.deployment["_id"])[-1].type == m.DESTROY


def test_what_stays_stuck_calls_for_a_person(world: World) -> None:
    created = world.create()
    world.admit(created)
    world.later(hours=2)

    world.sweep.sweep()

    deployment = world.get(created.deployment["_id"])
    assert (deployment["status"], deployment["reason"]) == ("needs_attention", "stuck")
