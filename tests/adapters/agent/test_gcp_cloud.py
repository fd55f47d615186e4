"""The cloud port on Google Cloud, against a server that keeps a project's things as Google does."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from contracts.stack_spec import load_stack_spec
from contracts.vocabulary import Cloud
from infra.cdktf import labels, names, samples
from services.agent import gcp_names, kinds, network_google
from services.agent.placements import tags_of
from services.agent.resource import Place, RecordName
from services.chassis.errors import UnavailableError
from tests.adapters.agent.google_project import HERE, LINKS, PROJECT, REGION, GoogleProject, google_project

DEPLOYMENT = "dep_01k00000000000000000000000"
NAME = "flowllama-dep-01k00000000000000000000000-1"
OURS = tags_of(f"{DEPLOYMENT}-1")
LABELS = {
    **OURS,
    "flowllama-deployment": DEPLOYMENT,
    "flowllama-environment": "test",
    "managed-by": "flowllama",
}
FLEET = {"flowllama-environment": "test", "managed-by": "flowllama"}
SINGLE, BALANCED, COSTLY = (table[Cloud.GCP] for table in (kinds.SINGLE, kinds.BALANCED, kinds.COSTLY))
ATTEMPTS = 10


@pytest.fixture
def project() -> Iterator[GoogleProject]:
    with google_project() as it:
        yield it


def test_a_machine_its_disk_and_its_rule_are_found_by_terraforms_ids_and_removed(
    project: GoogleProject,
) -> None:
    machine = project.add_machine(NAME, LABELS)
    rule = project.add(f"global/firewalls/{NAME}")
    cloud = project.cloud()

    found = cloud.listed(HERE, OURS, SINGLE)

    assert [(r.kind, r.id) for r in found] == [
        ("instance", machine),
        ("disk", machine.replace("instances", "disks")),
        ("firewall", rule),
    ]
    assert found[1].attached_to == machine
    assert found[0].created_at is not None

    cloud.remove(HERE, found)

    assert project.things == {}
    assert not any("forwardingRules" in call for call in project.asked), (
        "a machine alone costs no call for more"
    )


def test_replicas_go_step_by_step_because_nothing_goes_that_is_used(project: GoogleProject) -> None:
    group = project.add_balanced(NAME, LABELS)
    cloud, looks = project.cloud(), 0

    found = cloud.listed(HERE, OURS, BALANCED)
    assert {r.kind for r in found} == set(BALANCED)
    assert {r.attached_to for r in found if r.kind == "instance"} == {group}

    while found and looks < ATTEMPTS:
        cloud.remove(HERE, found)
        found, looks = cloud.listed(HERE, OURS, BALANCED), looks + 1

    assert project.things == {}
    assert not any(call.startswith("DELETE") and "/instances/" in call for call in project.asked), (
        "the group would only make others"
    )


def test_others_are_left_alone(project: GoogleProject) -> None:
    theirs = {**LABELS, "flowllama-placement": f"{DEPLOYMENT}-12"}
    project.add_machine(f"{NAME}2", theirs)
    project.add_balanced(f"{NAME}2", theirs)
    project.add(f"global/firewalls/{NAME.replace('01k', '01j')}")
    project.add("global/firewalls/flowllama-test-main-us-central1-nothing-in")

    assert project.cloud().listed(HERE, OURS, BALANCED) == []


def test_a_deployment_has_what_all_its_placements_left(project: GoogleProject) -> None:
    for number in (1, 2):
        project.add(f"global/firewalls/{NAME[:-1]}{number}")

    found = project.cloud().listed(HERE, {"flowllama-deployment": DEPLOYMENT}, SINGLE)

    assert [r.tags["flowllama-placement"] for r in found] == [f"{DEPLOYMENT}-1", f"{DEPLOYMENT}-2"]


def test_another_region_is_another_place(project: GoogleProject) -> None:
    project.add_machine(NAME, LABELS)

    assert project.cloud().listed(Place(PROJECT, "us-east4"), OURS, SINGLE) == []


def test_the_fleet_of_an_environment_is_told_by_labels_and_a_group_by_its_template(
    project: GoogleProject,
) -> None:
    born = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    ours = project.add_balanced(NAME, LABELS, machines=1, at=born)
    project.add_balanced(f"{NAME}2", {**LABELS, "flowllama-environment": "production"}, machines=1)
    alone = project.add_machine(f"{NAME}3", LABELS, at=born)

    found = project.cloud().listed(HERE, FLEET, COSTLY)

    assert {r.id for r in found if r.attached_to is None and r.kind != "forwarding_rule"} == {ours, alone}
    assert {r.created_at for r in found if r.id in (ours, alone)} == {born}
    assert len([r for r in found if r.kind == "forwarding_rule"]) == 2


def test_a_list_is_read_to_its_last_page(project: GoogleProject) -> None:
    project.page = 1
    for zone in "abc":
        project.add_machine(f"{NAME}-{zone}", LABELS, zone=zone)

    assert len(project.cloud().listed(HERE, OURS, SINGLE)) == 6


def test_a_name_is_found_and_removed(project: GoogleProject) -> None:
    host = f"{NAME.removeprefix('flowllama-')}.models.example.com"
    record = project.add(f"managedZones/models/rrsets/{host}./A")
    wanted, cloud = [RecordName("models", host), RecordName("gone", host)], project.cloud()

    found = cloud.records(HERE, wanted)
    assert [r.id for r in found] == [record]

    cloud.remove(HERE, found)

    assert cloud.records(HERE, wanted) == []


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (404, "notFound"),
        (400, "resourceInUseByAnotherResource"),
        (400, "resourceNotReady"),
        (409, "conflict"),
    ],
)
def test_what_has_to_wait_or_is_gone_is_left_to_the_next_look(
    project: GoogleProject, status: int, reason: str
) -> None:
    project.add(f"global/firewalls/{NAME}")
    cloud = project.cloud()
    found = cloud.listed(HERE, OURS, SINGLE)
    project.failures.append((status, reason))

    cloud.remove(HERE, found)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_is_away_for_a_moment_is_asked_again(project: GoogleProject, status: int) -> None:
    project.add(f"global/firewalls/{NAME}")
    project.failures.append((status, "backendError"))

    assert len(project.cloud().listed(HERE, OURS, ("firewall",))) == 1


def test_a_refusal_is_an_outage_and_never_an_empty_list(project: GoogleProject) -> None:
    project.failures.append((403, "forbidden"))

    with pytest.raises(UnavailableError):
        project.cloud().listed(HERE, OURS, SINGLE)


def test_a_network_stands_in_the_zones_of_its_region_that_are_up(project: GoogleProject) -> None:
    for zone, status in (
        ("us-central1-b", "UP"),
        ("us-central1-a", "UP"),
        ("us-central1-c", "DOWN"),
        ("us-east4-a", "UP"),
    ):
        region = f"{LINKS}projects/{PROJECT}/regions/{zone[:-2]}"
        project.add(f"zones/{zone}", status=status, region=region)

    found = network_google.zones(PROJECT, REGION, lambda: project.client("ZonesClient"))

    assert found == ["us-central1-a", "us-central1-b"]


def test_the_names_and_labels_are_those_that_the_stack_gives() -> None:
    spec = load_stack_spec(samples.gcp_deployment_balanced())
    given = names.resource(f"flowllama-{spec.placement_id}")

    for name in (given, f"{given}-traffic", f"{given}-11434", f"{given}-20261124"):
        assert gcp_names.tags_in(name).items() <= labels.for_stack(spec).items()
    assert names.resource(f"flowllama-{spec.deployment_id}-123456-ssh").startswith("flowllama-dep-")
    assert f"zones/{REGION}" not in given
