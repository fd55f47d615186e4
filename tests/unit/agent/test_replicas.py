"""Replicas behind a balancer: their spec, what is told of them, and how nothing of them is left or lost."""

import pytest

from contracts import messages as m
from contracts.envelope import Message
from contracts.vocabulary import Cloud
from services.agent import kinds, spec
from services.agent.command import Command
from services.agent.stack_run import TerraformCrashedError
from services.agent.terraform import Ended
from services.chassis.errors import RejectError
from tests.unit.agent.fakes import Building, balanced_candidate, candidate, refused, stands_balanced
from tests.unit.agent.world import BUILD, DEPLOYMENT, World, destroy, provision

MODEL = {"tag": "llama3.2:1b", "context_size": 8192, "parallel": 2, "kv_type": "f16"}


def balanced(*, nudge: int = 0) -> Message:
    return provision(
        nudge=nudge,
        workload={"model": "llama3.2:1b", "max_hourly_usd": None, "replicas": {"min": 2, "max": 3}},
        exposure={"kind": "load_balanced", "allow_cidrs": ["203.0.113.7/32"]},
    )


@pytest.fixture
def world(world: World) -> World:
    world.pricing.candidates = [balanced_candidate()]
    world.terraform.script = [stands_balanced]
    return world


def test_the_spec_names_the_replicas_their_zones_and_their_balancer() -> None:
    offer = balanced_candidate()

    found = spec.deployment(Command.of(balanced()), f"{DEPLOYMENT}-1", 1, offer, MODEL, BUILD)

    assert found["replicas"] == {
        "min": 2,
        "max": 3,
        "subnets": offer["network"]["subnets"],
        "public": True,
    }
    assert found["balancer"] == offer["network"]["balancer"]
    assert found["exposure"]["kind"] == "load_balanced"


def test_a_machine_alone_has_neither() -> None:
    found = spec.deployment(Command.of(provision()), f"{DEPLOYMENT}-1", 1, candidate(), MODEL, BUILD)

    assert "replicas" not in found
    assert "balancer" not in found


def test_an_offer_without_a_balancer_is_refused_before_anything_is_built(world: World) -> None:
    offer = balanced_candidate()
    world.pricing.candidates = [{**offer, "network": {**offer["network"], "balancer": None}}]

    with pytest.raises(RejectError, match="balancer"):
        world.handle(balanced())

    assert world.terraform.applies == []


def test_the_group_and_the_balancers_name_are_what_is_watched(world: World) -> None:
    world.handle(balanced())

    launched = dict(world.told())[m.INSTANCE_LAUNCHED]
    assert launched["replicas"] == {"min": 2, "max": 3}
    assert launched["instance_id"] == world.cloud.of_kind("scaling_group")[0]
    assert launched["address"] == "dep-1.models.example.com"
    assert world.placements()[0]["kinds"] == list(kinds.BALANCED[Cloud.AWS])


def test_a_machine_alone_is_told_without_replicas_and_looked_for_by_fewer_kinds(world: World) -> None:
    world.pricing.candidates, world.terraform.script = [candidate()], []

    world.handle(provision())

    assert dict(world.told())[m.INSTANCE_LAUNCHED]["replicas"] is None
    assert world.placements()[0]["kinds"] == list(kinds.SINGLE[Cloud.AWS])


def test_a_takeover_leaves_the_machines_of_a_group_that_stands_alone(world: World) -> None:
    world.handle(balanced())
    before = dict(world.cloud.resources)
    world.store["runs"].update_one({"_id": DEPLOYMENT}, {"$set": {"outcome": None}})
    world.die()
    world.terraform.script = [stands_balanced]

    world.handle(balanced(nudge=1))

    assert world.cloud.resources == before
    assert world.told_types()[-2:] == [m.PROVISIONED, m.INSTANCE_LAUNCHED]


def test_a_group_that_was_never_written_down_goes_with_its_machines(world: World) -> None:
    def killed(building: Building) -> Ended:
        group = building.create("scaling_group", recorded=False)
        building.cloud.create(building.spec["region"], "instance", building.tags, attached_to=group)
        return Ended(137)

    world.terraform.script = [killed, stands_balanced]
    with pytest.raises(TerraformCrashedError):
        world.handle(balanced())
    lost = set(world.cloud.resources)

    world.handle(balanced(nudge=1))

    assert lost.isdisjoint(world.cloud.resources)
    assert len(world.cloud.of_kind("instance")) == 2


def test_a_name_that_was_never_written_down_goes_too_and_one_that_was_stays(world: World) -> None:
    """Terraform refuses to make a record that is there already."""
    host = f"{DEPLOYMENT.replace('_', '-')}-1.models.example.com"

    def killed(building: Building) -> Ended:
        building.cloud.record("Z0123456789ABC", host)
        return Ended(137)

    def named(building: Building) -> Ended:
        assert building.cloud.of_kind("dns_record") == []
        building.record(building.cloud.record("Z0123456789ABC", host), "aws_route53_record")
        return stands_balanced(building)

    world.terraform.script = [killed, named, stands_balanced]
    with pytest.raises(TerraformCrashedError):
        world.handle(balanced())
    world.handle(balanced(nudge=1))
    world.store["runs"].update_one({"_id": DEPLOYMENT}, {"$set": {"outcome": None}})
    world.die()
    world.handle(balanced(nudge=2))

    assert len(world.cloud.of_kind("dns_record")) == 1


def test_a_destroy_takes_down_what_terraform_does_not_know(world: World) -> None:
    world.handle(balanced())
    world.cloud.record("Z0123456789ABC", f"{DEPLOYMENT.replace('_', '-')}-1.models.example.com")
    world.intend(generation=2, status="deleting")

    world.handle(destroy())

    assert world.cloud.resources == {}
    assert world.told_types()[-1] == m.DESTROYED


def test_a_quota_that_refused_several_at_once_is_told_as_so_many(world: World) -> None:
    world.terraform.script = [refused("VcpuLimitExceeded")]

    world.handle(balanced())

    assert world.pricing.blocks == [(None, "g5.xlarge", "VcpuLimitExceeded")]
    assert world.pricing.asked_at_once == [2]


def test_what_several_at_once_found_no_room_for_may_still_be_there_for_one(world: World) -> None:
    world.terraform.script = [refused("InsufficientInstanceCapacity")]

    world.handle(balanced())

    assert world.pricing.blocks == []


def test_a_group_of_one_that_found_no_room_had_looked_in_all_its_zones(world: World) -> None:
    world.terraform.script = [refused("InsufficientInstanceCapacity")]
    zones = world.pricing.candidates[0]["network"]["subnets"]
    workload = {"model": "llama3.2:1b", "max_hourly_usd": None, "replicas": {"min": 1, "max": 3}}

    world.handle(
        provision(workload=workload, exposure={"kind": "load_balanced", "allow_cidrs": ["203.0.113.7/32"]})
    )

    assert len(zones) > 1
    assert world.pricing.blocks == [
        (zone, "g5.xlarge", "InsufficientInstanceCapacity") for zone in sorted(zones)
    ]
