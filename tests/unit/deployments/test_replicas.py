"""A deployment of several machines: what pricing and the agent hear of it, what it counts for, how it is shown."""

from decimal import Decimal
from typing import Any

import pytest
from marshmallow import ValidationError

from contracts import messages as m
from contracts.http.deployments import DeploymentSchema
from services.chassis.errors import InvalidError
from services.deployments.costs import Cost
from services.deployments.views import deployment_view
from tests.unit.deployments.world import World, placement

BALANCED = {"replicas": {"min": 1, "max": 4}, "exposure": {"kind": "load_balanced"}}


def shown(world: World, deployment_id: str) -> Any:
    return DeploymentSchema().dump(deployment_view(world.get(deployment_id)))


def standing(world: World) -> str:
    """Replicas of a price that is 1.44 for four and 0.40 for one."""
    created = world.create(**BALANCED)
    deployment_id: str = created.deployment["_id"]
    world.admit(created)
    chosen = {**placement(deployment_id), "hourly_usd": "1.44", "hourly_usd_at_min": "0.40"}
    world.handle(m.SELECTED, deployment_id, placement=chosen)
    group = {"instance_id": "asg-1", "address": "balancer.example.com"}
    world.handle(
        m.PROVISIONED, deployment_id, placement=chosen, building_since=world.now.isoformat(), **group
    )
    return deployment_id


def test_pricing_is_asked_for_all_of_them_behind_a_balancer(world: World) -> None:
    world.create(**BALANCED)

    [asked] = world.pricing.checked
    assert (asked["replicas"], asked["exposure"]) == ({"min": 1, "max": 4}, "load_balanced")


def test_the_agent_is_told_how_many_and_who_is_let_in(world: World) -> None:
    created = world.create(**BALANCED)
    world.admit(created)

    [command] = world.commands(created.deployment["_id"])
    assert command.data["workload"]["replicas"] == {"min": 1, "max": 4}
    assert command.data["exposure"] == {"kind": "load_balanced", "allow_cidrs": ["203.0.113.7/32"]}


def test_a_balancer_admits_networks_of_ipv4(world: World) -> None:
    listed = {**BALANCED, "exposure": {"kind": "load_balanced", "allow_cidrs": ["2001:db8::/32"]}}
    with pytest.raises(ValidationError, match="a balancer has no IPv6 address"):
        world.create(**listed)
    with pytest.raises(InvalidError) as refused:
        world.create(address="2001:db8::7", **BALANCED)
    assert [error["field"] for error in refused.value.errors] == ["exposure.allow_cidrs"]

    listed["exposure"] = {"kind": "load_balanced", "allow_cidrs": ["2001:db8::/32", "203.0.113.0/24"]}
    world.create(address="2001:db8::7", **listed)


def test_who_asks_for_nothing_gets_one_machine(world: World) -> None:
    created = world.create()

    assert created.deployment["workload"]["replicas"] == {"min": 1, "max": 1}
    assert shown(world, created.deployment["_id"])["replicas"] == {"min": 1, "max": 1}


def test_the_range_of_machines_and_of_prices_is_shown(world: World) -> None:
    found = shown(world, standing(world))

    assert found["replicas"] == {"min": 1, "max": 4}
    assert (found["placement"]["hourly_usd"], found["placement"]["hourly_usd_at_min"]) == ("1.44", "0.40")
    assert found["endpoint"]["url"] == "https://balancer.example.com:11434"


def test_what_it_cost_is_the_most_it_can_have_cost(world: World) -> None:
    deployment_id = standing(world)
    started = world.now
    world.later(hours=2)

    [interval] = world.store["cost_intervals"].find({"deployment_id": deployment_id})
    assert (interval["started_at"], interval["hourly_usd"]) == (started, Decimal("1.44"))
    assert world.costs.of(deployment_id, world.now) == Cost(Decimal("2.0000"), Decimal("2.8800"))
    assert world.standing().spent == Decimal("2.88")


def test_a_record_from_before_is_shown_as_one_machine_without_a_range(world: World) -> None:
    created = world.create()
    deployment_id = created.deployment["_id"]
    world.admit(created)
    world.provision(deployment_id)
    gone = {"workload.replicas": "", "placement.hourly_usd_at_min": ""}
    world.store["deployments"].update_one({"_id": deployment_id}, {"$unset": gone})

    found = shown(world, deployment_id)

    assert found["replicas"] == {"min": 1, "max": 1}
    assert found["placement"]["hourly_usd"] == "0.36"
    assert found["placement"]["hourly_usd_at_min"] is None
