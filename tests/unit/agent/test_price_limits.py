"""Nothing is launched above the user's cap or what the budget leaves, whatever is on offer."""

from decimal import Decimal
from typing import Any

import pytest

from contracts import messages as m
from services.agent.command import Command
from services.agent.price_limits import spot_bid
from services.agent.pricing_client import PricingClient
from tests.unit.agent.fakes import candidate, refused
from tests.unit.agent.world import World, provision


class Recording:
    """A service client that keeps what it was asked."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []

    def post(self, path: str, body: dict[str, Any], *, correlation_id: str) -> dict[str, Any]:
        self.bodies.append(body)
        return {}


def _limited(cap: str | None, budget: str | None) -> Any:
    workload = {"model": "llama3.2:1b", "max_hourly_usd": cap}
    return provision(workload=workload, budget_hourly_usd=budget)


@pytest.mark.parametrize("cap", ["0.5", None])
@pytest.mark.parametrize("budget", ["0.3", None])
def test_pricing_hears_of_both_limits(cap: str | None, budget: str | None) -> None:
    client = Recording()

    PricingClient(client).select(Command.of(_limited(cap, budget)))  # type: ignore[arg-type]  # records only

    (body,) = client.bodies
    assert (body["workload"]["max_hourly_usd"], body["budget_hourly_usd"]) == (cap, budget)


@pytest.mark.parametrize("limits", [("0.4511", None), (None, "0.4511")])
def test_an_offer_above_a_limit_is_never_launched(
    world: World, limits: tuple[str | None, str | None]
) -> None:
    world.handle(_limited(*limits))

    assert world.terraform.applies == []
    assert world.told_types() == [m.FAILED]


def test_an_offer_at_the_limit_is(world: World) -> None:
    world.handle(_limited("0.4512", "0.4512"))

    assert len(world.terraform.applies) == 1


def test_a_failover_stays_below_the_limit(world: World) -> None:
    dearer = {**candidate("us-east-1b"), "hourly_usd": "0.4513"}
    world.pricing.candidates = [candidate("us-east-1a"), dearer, candidate("us-east-1c")]
    world.terraform.script = [refused("InsufficientInstanceCapacity")]

    world.handle(_limited(None, "0.4512"))

    assert [spec["zone"] for spec in world.terraform.applies] == ["us-east-1a", "us-east-1c"]


@pytest.mark.parametrize(
    ("cap", "budget", "bid"),
    [
        ("0.6", None, "0.579"),  # Disk, address and traffic cost 0.021 beside the instance.
        ("0.6", "0.5", "0.579"),  # A price that rises later must not end what the user can pay for.
        ("0.4512", None, "0.4302"),
        ("900", None, "4.3020"),  # EC2 refuses more than ten times the on-demand price.
    ],
)
def test_a_spot_bid_is_what_the_users_cap_leaves_for_the_instance(
    world: World, cap: str, budget: str | None, bid: str
) -> None:
    world.handle(_limited(cap, budget))

    assert [Decimal(spec["spot_max_usd"]) for spec in world.terraform.applies] == [Decimal(bid)]


@pytest.mark.parametrize(
    ("most", "cap", "bid"),
    [
        (4, "2", "0.4875"),  # Disks, gateway, balancer and traffic cost 0.05 beside all instances.
        (7, "4", "0.564285"),  # Rounded down: seven of a rounded-up bid would be above the cap.
        (4, "1.8", "0.4375"),
        (4, "900", "4.3020"),
    ],
)
def test_the_bid_for_each_of_several_replicas_is_its_share_of_the_cap(most: int, cap: str, bid: str) -> None:
    hourly = most * Decimal("0.4302") + Decimal("0.05")
    offer = {**candidate(), "hourly_usd": str(hourly)}
    workload = {"model": "llama3.2:1b", "max_hourly_usd": cap, "replicas": {"min": 1, "max": most}}

    found = spot_bid(offer, Command.of(provision(workload=workload)))

    assert found == Decimal(bid)


def test_a_pricing_service_that_does_not_tell_the_instance_apart_is_borne() -> None:
    offer = {name: value for name, value in candidate().items() if name != "instance_usd"}

    assert spot_bid(offer, Command.of(_limited("0.6", None))) == Decimal("0.6")


def test_there_is_no_bid_without_a_cap_or_on_demand(world: World) -> None:
    world.pricing.candidates = [candidate("us-east-1a", spot=False)]
    world.handle(_limited("0.6", "0.5"))

    uncapped = spot_bid(candidate(), Command.of(_limited(None, "0.5")))

    assert [built["spot_max_usd"] for built in world.terraform.applies] == [None]
    assert uncapped is None
