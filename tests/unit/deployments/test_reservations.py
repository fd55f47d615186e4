"""Money set aside for creates under way: who may not pass at once, tries of one request, creates that died."""

import threading
from decimal import Decimal
from typing import Any

import pytest

from contracts.vocabulary import Tier
from services.chassis.errors import ConflictError
from services.deployments import model
from services.deployments.creation import Created
from services.deployments.spending import OverBudgetError, Wanted
from tests.unit.deployments.world import World

# At noon of 24 November 156 hours are left: a machine at 0.36 costs 56.16 until the month ends.
NEEDED = "56.16"


def test_two_creates_at_once_never_pass_on_the_same_money(world: World) -> None:
    world.set_budget("120")  # Two of them.

    passed, refused = _at_once(world, 6)

    assert (passed, refused) == (2, 4)
    assert world.standing().committed == Decimal("112.32")


def test_creates_at_once_never_pass_the_live_cap(world: World) -> None:
    for _ in range(model.LIVE_CAP[Tier.FREE] - 2):
        world.create()

    assert _at_once(world, 5) == (2, 3)


def test_a_create_that_died_before_its_record_holds_no_money_for_long(world: World) -> None:
    world.set_budget(NEEDED)
    world.spending.reserve(Wanted("usr_a", Tier.FREE, "dep_dead", "dep_dead", Decimal("0.36")))
    with pytest.raises(OverBudgetError):
        world.create()

    world.later(minutes=3)

    world.create()


def test_replicas_that_are_only_reserved_count_as_well(world: World) -> None:
    world.spending.reserve(Wanted("usr_a", Tier.FREE, "dep_a", "dep_a", Decimal("0.01"), machines=16))

    with pytest.raises(ConflictError, match="16 machines"):
        world.spending.reserve(Wanted("usr_a", Tier.FREE, "dep_b", "dep_b", Decimal("0.01"), machines=5))


def test_tries_of_one_request_do_not_compete_for_the_money(world: World) -> None:
    world.set_budget(NEEDED)
    world.spending.reserve(Wanted("usr_a", Tier.FREE, "dep_other", "usr_a:k1", Decimal("0.36")))

    world.create(key="k1")


def test_tries_of_one_request_at_once_all_get_the_one_deployment(world: World) -> None:
    world.set_budget(NEEDED)

    assert _at_once(world, 8, key="k1") == (8, 0)
    assert len(world.deployments.live("usr_a")) == 1
    assert world.standing().committed == Decimal(NEEDED)


def test_a_try_that_comes_to_the_money_after_another_was_recorded_gets_its_answer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.set_budget(NEEDED)
    first: list[Created] = []

    def quote(workload: object, *, correlation_id: str) -> Decimal:
        if not first:
            first.append(Created({}, {}))
            first[0] = world.create(key="k1")
        return Decimal("0.36")

    monkeypatch.setattr(world.pricing, "quote", quote)

    assert world.create(key="k1").deployment["_id"] == first[0].deployment["_id"]


def test_the_dearest_try_of_a_request_is_held_until_one_of_them_is_recorded(world: World) -> None:
    world.set_budget("60")
    for number, price in enumerate(("0.36", "0.01")):
        wanted = Wanted("usr_a", Tier.FREE, f"dep_{number}", "usr_a:k1", Decimal(price))
        world.spending.reserve(wanted)

    with pytest.raises(OverBudgetError):
        world.create()


def test_a_reservation_whose_deployment_is_recorded_meanwhile_counts_once(world: World) -> None:
    created = world.create()
    reservations = world.budgets.of("usr_a", Tier.FREE)["reservations"]

    standing = world.spending.ledger.standing("usr_a", world.now, reservations)

    assert [each["deployment_id"] for each in reservations] == [created.deployment["_id"]]
    assert (standing.committed, standing.machines, standing.unreleased) == (Decimal(NEEDED), 1, 1)


def _at_once(world: World, count: int, key: str | None = None) -> tuple[int, int]:
    """How many pass and how many are refused, of creates that have all read the same figures before one writes."""
    meeting, met, outcomes = threading.Barrier(count), threading.local(), []
    write = world.budgets.reserve

    def reserve(*arguments: Any) -> Any:
        if not getattr(met, "once", False):
            met.once = True
            meeting.wait(timeout=10)
        return write(*arguments)

    def create() -> None:
        try:
            world.create(key=key)
        except ConflictError:
            outcomes.append(False)
        else:
            outcomes.append(True)

    world.budgets.reserve = reserve  # type: ignore[method-assign]  # every create comes through here
    threads = [threading.Thread(target=create) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes.count(True), outcomes.count(False)
