"""Asking Google Cloud, against a server that keeps a project's things as Google does."""

from collections.abc import Iterator

import pytest

from services.health.clouds import CloudUnavailableError
from services.health.gcp_clouds import ComputeInstances, ManagedGroups
from services.health.model import ABSENT, STANDING, CloudState
from tests.adapters.agent.google_project import LINKS, PROJECT, REGION, GoogleProject, google_project

WHERE = f"projects/{PROJECT}/zones/{REGION}-a/instances"


@pytest.fixture
def project() -> Iterator[GoogleProject]:
    with google_project() as it:
        yield it


@pytest.mark.parametrize(
    ("status", "restarts", "state", "gone"),
    [
        ("RUNNING", True, "running", False),
        ("STAGING", False, "pending", False),
        ("STOPPING", False, "stopping", True),
        ("STOPPING", True, "restarting", False),
        ("TERMINATED", True, "stopped", True),
    ],
)
def test_a_machine_is_told_in_the_words_of_the_rules(
    project: GoogleProject,
    status: str,
    restarts: bool,  # noqa: FBT001 - a case's
    state: str,
    gone: bool,  # noqa: FBT001 - a case's
) -> None:
    id_ = project.add_machine("one", {}, status=status, scheduling={"automaticRestart": restarts})

    found = ComputeInstances(project.client).states(REGION, [id_])

    assert found == {id_: CloudState(state)}
    assert found[id_].gone is gone


def test_what_google_does_not_know_has_no_state_and_its_neighbours_none_either(
    project: GoogleProject,
) -> None:
    asked, neighbour = project.add_machine("one", {}, status="RUNNING"), f"{WHERE}/two"
    project.add_machine("one", {}, zone="b", status="RUNNING")

    assert ComputeInstances(project.client).states(REGION, [asked, neighbour]).keys() == {asked}


def test_a_preempted_machine_is_gone_and_its_zones_operations_say_why(project: GoogleProject) -> None:
    taken, deleted = f"{WHERE}/taken", f"{WHERE}/deleted"
    leaving = project.add_machine("leaving", {}, status="STOPPING")
    operations = (("preempted", taken), ("preempted", leaving), ("delete", deleted))
    for number, (kind, target) in enumerate(operations):
        where = f"zones/{REGION}-a/operations/systemevent-{number}"
        type_ = "delete" if kind == "delete" else f"compute.instances.{kind}"
        project.add(where, operationType=type_, targetLink=LINKS + target)

    found = ComputeInstances(project.client).states(REGION, [taken, leaving, deleted])

    assert found == {taken: CloudState(ABSENT, by_spot=True), leaving: CloudState("stopping", by_spot=True)}


def test_many_are_asked_for_in_batches(project: GoogleProject) -> None:
    ids = [project.add_machine(f"m-{number}", {}, status="RUNNING") for number in range(45)]

    assert len(ComputeInstances(project.client).states(REGION, ids)) == 45
    assert len(project.asked) == 3


@pytest.mark.parametrize("scope", [f"zones/{REGION}-a", f"regions/{REGION}"])
def test_a_group_stands_as_long_as_google_has_it(project: GoogleProject, scope: str) -> None:
    id_ = project.add(f"{scope}/instanceGroupManagers/one", targetSize=3, currentActions={"none": 2})

    found = ManagedGroups(project.client).states(REGION, [id_, f"{id_}-gone"])

    assert found == {id_: CloudState(STANDING, detail="2 of 3 machines stand as they should")}


@pytest.mark.parametrize("status", [403, 503])
@pytest.mark.parametrize("asked", [ComputeInstances, ManagedGroups])
def test_a_refusal_means_unknown_and_never_gone(
    project: GoogleProject, asked: type[ComputeInstances | ManagedGroups], status: int
) -> None:
    project.failures.append((status, "backendError"))
    id_ = f"projects/{PROJECT}/regions/{REGION}/instanceGroupManagers/one"

    with pytest.raises(CloudUnavailableError):
        asked(project.client).states(REGION, [id_])
