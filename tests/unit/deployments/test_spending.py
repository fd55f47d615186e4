"""Money at the create: what fits to the cent, what counts as committed, and who may not pass at once."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from contracts import messages as m
from contracts.vocabulary import Tier
from services.chassis.clock import utc_now
from services.deployments.spending import OverBudgetError
from tests.unit.deployments.world import World

# At noon of 24 November 156 hours are left: a machine at 0.36 costs 56.16 until the month ends.
NEEDED = "56.16"


@pytest.mark.parametrize(("budget", "allowed"), [(NEEDED, True), ("56.15", False), ("56.17", True)])
def test_a_create_is_decided_to_the_cent(world: World, budget: str, *, allowed: bool) -> None:
    world.set_budget(budget)

    if allowed:
        assert world.create().deployment["projected_hourly_usd"] == Decimal("0.36")
    else:
        with pytest.raises(OverBudgetError):
            world.create()


def test_a_refusal_says_what_it_costs_what_is_left_and_what_would_fit(world: World) -> None:
    world.set_budget("15.60")

    with pytest.raises(
        OverBudgetError, match=r"costs 56\.16 USD until the end of the month, 15\.60"
    ) as refused:
        world.create()

    figures = {error["field"]: error["message"] for error in refused.value.errors}
    assert figures["budget"].startswith("the cheapest offer costs 56.16 USD")
    assert figures["budget.fits_up_to_hourly_usd"] == "0.100000"
    assert figures["budget.full_month_usd"] == "262.80"
    assert (figures["budget.spent_usd"], figures["budget.left_usd"]) == ("0.0000", "15.60")
    assert world.deployments.live("usr_a") == []


def test_a_cheaper_machine_is_taken_where_the_best_one_is_too_dear(world: World) -> None:
    world.set_budget("15.60")
    world.pricing.cheapest = Decimal("0.1")

    assert world.create().deployment["projected_hourly_usd"] == Decimal("0.1")


def test_what_others_hold_is_not_left_and_a_deletion_gives_it_back(world: World) -> None:
    world.set_budget("60")
    first = world.create()
    with pytest.raises(OverBudgetError):
        world.create()

    world.delete(first.deployment["_id"])

    world.create()


def test_a_refusal_names_no_price_that_fits_where_nothing_is_left(world: World) -> None:
    world.set_budget("0.01")

    with pytest.raises(OverBudgetError, match=r"0\.01 USD are left\. An offer of at most 0\.000064 USD"):
        world.create()
    world.create(user="usr_b")
    world.set_budget("0.01", "usr_b")
    with pytest.raises(OverBudgetError, match=r"0\.00 USD are left\. Raise the budget"):
        world.create(user="usr_b")


def test_a_machine_under_deletion_holds_an_hour_until_it_is_gone(world: World) -> None:
    world.set_budget("56.25")
    deployment_id = _running(world)
    world.delete(deployment_id)
    assert world.standing().committed == Decimal("0.36")
    with pytest.raises(OverBudgetError):
        world.create()

    world.handle(m.DELETE_REQUESTED, deployment_id, user_id="usr_a")
    command_id = world.get(deployment_id)["command"]["id"]
    world.handle(m.DESTROYED, deployment_id, command_id=command_id, sweeps=2)

    assert world.standing().committed == 0
    world.create()


def test_a_deletion_that_is_stuck_counts_in_full_again(world: World) -> None:
    deployment_id = _running(world)
    world.delete(deployment_id)
    world.handle(m.DELETE_REQUESTED, deployment_id, user_id="usr_a")

    world.later(hours=1, minutes=1)
    world.sweep.sweep()

    assert world.get(deployment_id)["status"] == "needs_attention"
    standing = world.standing()
    assert standing.committed == _cost("0.36", standing.month.end - world.now)


def test_what_ran_is_spent_and_what_runs_is_committed_at_its_own_price(world: World) -> None:
    created = world.create()
    world.admit(created)
    world.provision(created.deployment["_id"])
    opened = world.store["cost_intervals"].find_one({}) or {}
    world.now = opened["started_at"].replace(microsecond=0) + timedelta(hours=10)

    standing = world.standing()

    began, month = opened["started_at"], standing.month
    assert standing.spent == _cost("0.36", world.now - max(began, month.start))
    assert standing.committed == _cost("0.36", month.end - world.now)


def test_a_machine_costs_from_the_begin_of_its_building(world: World) -> None:
    created = world.create()
    world.admit(created)

    world.provision(created.deployment["_id"], building_since="2026-11-24T11:30:00+00:00")

    assert world.standing().spent == Decimal("0.18")


def test_an_agent_of_before_says_only_when_it_reports(world: World) -> None:
    created = world.create()
    world.admit(created)
    before = utc_now() - timedelta(milliseconds=1)

    world.provision(created.deployment["_id"])

    (interval,) = world.store["cost_intervals"].find({})
    assert interval["started_at"] >= before


def test_a_machine_that_is_gone_is_spent_and_no_more_committed(world: World) -> None:
    deployment_id = _running(world)
    world.handle(
        m.INSTANCE_TERMINATED,
        deployment_id,
        placement_id=f"{deployment_id}-1",
        reason="spot_interrupted",
        detail="",
    )

    assert world.standing().committed == 0


def test_budgets_of_two_users_do_not_meet(world: World) -> None:
    world.set_budget(NEEDED, "usr_a")
    world.create("usr_a")
    world.set_budget(NEEDED, "usr_b")

    world.create("usr_b")


def test_the_default_of_the_tier_holds_until_a_budget_is_set(world: World) -> None:
    world.spending.defaults[Tier.FREE] = Decimal(50)  # type: ignore[index]  # a plain dict in this world
    with pytest.raises(OverBudgetError):
        world.create()
    world.create("usr_paid", tier=Tier.PAID)

    world.set_budget("100")

    world.create()


def test_the_price_cap_of_a_deployment_goes_to_pricing_and_to_the_agent(world: World) -> None:
    created = world.create(max_hourly_usd="0.4")
    world.admit(created)

    command = world.commands(created.deployment["_id"])[0]
    assert world.pricing.checked[0]["max_hourly_usd"] == "0.4"
    assert command.data["workload"]["max_hourly_usd"] == "0.4"
    assert command.data["budget_hourly_usd"] is None


def test_the_last_second_of_a_month_costs_a_second(world: World) -> None:
    world.now = datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC)
    world.set_budget("0.01")

    world.create()


def _running(world: World) -> str:
    """A deployment whose machine stands from this moment on."""
    created = world.create()
    deployment_id: str = created.deployment["_id"]
    world.admit(created)
    world.provision(deployment_id)
    world.healthy(deployment_id)
    world.store["cost_intervals"].update_one({}, {"$set": {"started_at": world.now}})
    return deployment_id


def _cost(price: str, time: timedelta) -> Decimal:
    return Decimal(price) * (time // timedelta(microseconds=1)) / 3_600_000_000
