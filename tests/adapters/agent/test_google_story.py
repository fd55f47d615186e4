"""A placement on Google Cloud from its order to its end: the agent's own runs over a project's things.

Terraform is played: it makes what the stack would make, and knows of it what its state says.
"""

from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from contracts import messages as m
from contracts.envelope import Message
from contracts.vocabulary import Cloud, Reason
from services.agent import kinds
from services.agent.intents import Intents
from services.agent.placements import Placements
from services.agent.reaper import Reaper
from services.agent.stack_run import TerraformCrashedError
from services.agent.terraform import Ended
from services.agent.ui_stream import UiEvent
from services.chassis.clock import utc_now
from services.chassis.errors import RetryError, UnavailableError
from services.chassis.mongo import Store
from tests.adapters.agent.google_project import PROJECT, REGION, GoogleProject, google_project
from tests.unit.agent.fakes import (
    Behaviour,
    Building,
    FakeTerraform,
    candidate,
    google_balanced_candidate,
    google_candidate,
)
from tests.unit.agent.world import DEPLOYMENT, World, destroy, provision

NAME = f"flowllama-{DEPLOYMENT.replace('_', '-')}-1"
COLLECTIONS = {"google_compute_instance": "instances", "google_compute_firewall": "firewalls"}


class PlayedCloud:
    """What the played Terraform makes and unmakes: things of the project."""

    def __init__(self, project: GoogleProject) -> None:
        self._project = project

    @property
    def resources(self) -> MutableMapping[str, Any]:
        return self._project.things

    def create(self, region: str, kind: str, tags: Mapping[str, str]) -> str:
        name = f"flowllama-{tags['flowllama-placement'].replace('_', '-')}"
        if kind == "google_compute_firewall":
            return self._project.add(f"global/firewalls/{name}")
        if kind == "google_compute_instance":
            return self._project.add_machine(name, tags)
        host = f"{name.removeprefix('flowllama-')}.models.example.com."
        self._project.add(f"managedZones/models-example-com/rrsets/{host}/A")
        return self._project.add_balanced(name, tags)


@pytest.fixture
def project() -> Iterator[GoogleProject]:
    with google_project() as it:
        yield it


@pytest.fixture
def world(world: World, project: GoogleProject) -> World:
    world.terraform = FakeTerraform(PlayedCloud(project), world.bucket)
    world.terraform.script = [stands]
    rules = replace(world.ports.rules, sweep_limit_s=1.0)
    clouds = {"gcp": project.cloud()}
    world.ports = replace(world.ports, clouds=clouds, terraform=world.terraform, rules=rules)
    world.pricing.candidates = [google_candidate(), google_candidate("us-central1-b")]
    return world


def stands(building: Building) -> Ended:
    made = [building.recorded(kind) or building.create(kind) for kind in COLLECTIONS]
    addresses = {"private_ip": "10.64.0.2", "public_ip": "203.0.113.20", "address": "203.0.113.20"}
    outputs = {"instance_id": made[0], **addresses, "spot_request_id": "", "security_group_id": made[1]}
    return Ended(0, outputs=outputs)


def killed(building: Building) -> Ended:
    """A rule that the state has, and a machine that it has not."""
    building.create("google_compute_firewall")
    building.create("google_compute_instance", recorded=False)
    return Ended(137)


def refused(words: str) -> Behaviour:
    def behave(building: Building) -> Ended:
        building.create("google_compute_firewall")
        return Ended(1, errors=[UiEvent("diagnostic", "error", words, summary=words)])

    return behave


def balanced(*, nudge: int = 0) -> Message:
    return provision(
        nudge=nudge,
        workload={"model": "llama3.2:1b", "max_hourly_usd": None, "replicas": {"min": 2, "max": 3}},
        exposure={"kind": "load_balanced", "allow_cidrs": ["203.0.113.7/32"]},
    )


def unmade(building: Building) -> Ended:
    """A killed apply of replicas: nothing of it is in the state."""
    building.create("google_compute_region_instance_group_manager", recorded=False)
    return Ended(137)


def test_a_machine_comes_and_goes_and_nothing_is_left(world: World, project: GoogleProject) -> None:
    world.handle(provision())

    (placement,) = world.placements()
    assert (placement["cloud"], placement["account"], placement["region"]) == ("gcp", PROJECT, REGION)
    assert placement["kinds"] == list(kinds.SINGLE[Cloud.GCP])
    launched = dict(world.told())[m.INSTANCE_LAUNCHED]
    assert launched["instance_id"] == f"projects/{PROJECT}/zones/{REGION}-a/instances/{NAME}"
    assert launched["cloud"] == "gcp"

    world.intend(generation=2, status="deleting")
    world.handle(destroy())

    assert project.things == {}
    assert world.told_types()[-1] == m.DESTROYED
    assert world.bucket.objects == {}


def test_offers_of_a_cloud_that_this_agent_does_not_build_in_are_passed_over(world: World) -> None:
    world.pricing.candidates = [candidate(), google_candidate("us-central1-b")]

    world.handle(provision())

    assert [placement["zone"] for placement in world.placements()] == ["us-central1-b"]


def test_one_failover_goes_from_cloud_to_cloud_in_pricings_order(
    world: World, project: GoogleProject
) -> None:
    world.ports = replace(world.ports, clouds={**world.ports.clouds, "aws": world.cloud})
    world.pricing.candidates = [google_candidate(), candidate(), google_candidate("us-central1-b")]
    zone = f"projects/{PROJECT}/zones/us-central1-a"
    sold_out = f"Error waiting for instance to create: The zone '{zone}' does not have enough resources available to fulfill"

    def on_aws(building: Building) -> Ended:
        assert building.spec["cloud"] == "aws"
        return Ended(
            1,
            errors=[
                UiEvent("diagnostic", "error", "", summary="api error InsufficientInstanceCapacity: None.")
            ],
        )

    world.terraform.script = [refused(sold_out), on_aws, stands]

    world.handle(provision())

    assert [(p["cloud"], p["zone"], p["state"]) for p in world.placements()] == [
        ("gcp", "us-central1-a", "destroyed"),
        ("aws", "us-east-1a", "destroyed"),
        ("gcp", "us-central1-b", "standing"),
    ]
    assert [block[2] for block in world.pricing.blocks] == [
        "ZONE_RESOURCE_POOL_EXHAUSTED",
        "InsufficientInstanceCapacity",
    ]
    assert len(project.of_kind("firewalls")) == 1, "the failed offer's rule went with it"


def test_a_quota_of_google_is_told_by_its_metric_and_everybody_is_spared(world: World) -> None:
    quota = "Error creating instance: googleapi: Error 403: Quota 'NVIDIA_L4_GPUS' exceeded.  Limit: 0.0 in region us-central1."
    world.terraform.script = [refused(quota)]

    world.handle(provision())

    failed = dict(world.told())[m.FAILED]
    assert failed["reason"] == Reason.QUOTA_EXCEEDED
    assert "QUOTA_EXCEEDED:NVIDIA_L4_GPUS" in failed["detail"]
    assert world.pricing.blocks == [(None, "g2-standard-4", "QUOTA_EXCEEDED:NVIDIA_L4_GPUS")]
    assert len(world.terraform.applies) == 1, "the neighbouring zone has the same quota"


def test_a_takeover_removes_what_the_state_does_not_know_and_keeps_what_it_does(
    world: World, project: GoogleProject
) -> None:
    world.terraform.script = [killed, stands]
    with pytest.raises(TerraformCrashedError):
        world.handle(provision())
    (rule,) = project.of_kind("firewalls")
    (lost,) = project.of_kind("instances")
    born = project.things[lost]["creationTimestamp"]

    world.handle(provision(nudge=1))

    assert project.of_kind("firewalls") == [rule]
    (machine,) = project.of_kind("instances")
    assert project.things[machine]["creationTimestamp"] >= born
    assert f"DELETE {lost}" in project.asked
    assert f"DELETE {rule}" not in project.asked
    assert world.told_types()[-2:] == [m.PROVISIONED, m.INSTANCE_LAUNCHED]


def test_a_takeover_leaves_a_machine_that_stands_and_its_disk_alone(
    world: World, project: GoogleProject
) -> None:
    world.handle(provision())
    before = dict(project.things)
    world.store["runs"].update_one({"_id": DEPLOYMENT}, {"$set": {"outcome": None}})
    world.die()
    world.terraform.script = [stands]

    world.handle(provision(nudge=1))

    assert project.things == before


def test_replicas_that_no_state_knows_go_with_balancer_and_name(world: World, project: GoogleProject) -> None:
    world.pricing.candidates = [google_balanced_candidate()]
    world.terraform.script = [unmade]
    with pytest.raises(TerraformCrashedError):
        world.handle(balanced())
    assert project.of_kind("rrsets")
    assert len(project.of_kind("instances")) == 2
    world.intend(generation=2, status="deleting")

    world.handle(destroy())

    assert project.things == {}
    assert world.placements()[0]["kinds"] == list(kinds.BALANCED[Cloud.GCP])


def test_an_agent_that_may_not_ask_google_leaves_the_end_to_another(
    world: World, project: GoogleProject
) -> None:
    world.handle(provision())
    world.intend(generation=2, status="deleting")
    world.ports = replace(world.ports, clouds={})

    with pytest.raises(RetryError, match="does not build in the cloud gcp"):
        world.handle(destroy())

    assert m.DESTROYED not in world.told_types()
    assert project.of_kind("instances")


def test_a_refusal_of_google_is_no_proof_of_the_end(world: World, project: GoogleProject) -> None:
    world.handle(provision())
    world.intend(generation=2, status="deleting")
    project.failures.append((403, "forbidden"))

    with pytest.raises(UnavailableError):
        world.handle(destroy())

    assert m.DESTROYED not in world.told_types()
    world.handle(destroy(nudge=1))
    assert project.things == {}


def test_the_reaper_takes_stray_replicas_step_by_step_and_leaves_the_rest(
    store: Store, world: World, project: GoogleProject
) -> None:
    world.handle(provision())
    store["networks"].insert_one({"cloud": "gcp", "account": PROJECT, "region": REGION})
    born = utc_now() - timedelta(hours=1)
    stray = add_stray(project, born)
    reaper = Reaper(Placements(store), Intents(store), world.ports.clouds, "test", utc_now)

    looks = 0
    while stray in project.things and looks < 10:
        reaper.look()
        looks += 1
    while any(f"{NAME[:-1]}9" in id_ for id_ in project.things) and looks < 12:
        reaper.look()
        looks += 1

    assert project.of_kind("instances") == [f"projects/{PROJECT}/zones/{REGION}-a/instances/{NAME}"]
    assert project.of_kind("instanceGroupManagers") == []


def add_stray(project: GoogleProject, born: datetime) -> str:
    tags = {
        "managed-by": "flowllama",
        "flowllama-environment": "test",
        "flowllama-deployment": DEPLOYMENT,
        "flowllama-placement": f"{DEPLOYMENT}-9",
    }
    return project.add_balanced(f"{NAME[:-1]}9", tags, at=born)
