"""What each process's account may do: the topology's queues, its own secrets, and nothing that its code does not call."""

from collections.abc import Iterator
from typing import Any

import pytest

from contracts.topology import ROUTES, queues_received_by
from infra.cdktf.processes import DEPLOYMENTS, PROCESSES, Process
from tests.infra.gcp.conftest import Stacks

PLATFORM = "gcp-platform"
GRANTS = (
    "google_secret_manager_secret_iam_member",
    "google_pubsub_topic_iam_member",
    "google_pubsub_subscription_iam_member",
    "google_storage_bucket_iam_member",
    "google_project_iam_member",
)
WHERE = {"secret_id": "secret", "topic": "topic", "subscription": "subscription", "bucket": "bucket"}


def rights(stacks: Stacks, process: Process) -> set[tuple[str, str]]:
    """Pairs of a permission and the name of what it holds for."""
    return {
        (permission, on)
        for grant in granted(stacks, process)
        for permission in role(stacks, grant)["permissions"]
        for on in [name_of(stacks, grant)]
    }


def granted(stacks: Stacks, process: Process) -> Iterator[dict[str, Any]]:
    for kind in GRANTS:
        for grant in stacks[PLATFORM]["resource"][kind].values():
            if f"google_service_account.runtime_account-{process.name}_account_" in grant["member"]:
                yield grant


def role(stacks: Stacks, grant: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = stacks[PLATFORM]["resource"]["google_project_iam_custom_role"][
        grant["role"].split(".")[1]
    ]
    return found


def name_of(stacks: Stacks, grant: dict[str, Any]) -> str:
    for field in WHERE:
        if field in grant:
            kind, at = grant[field].removeprefix("${").split(".")[:2]
            body = stacks[PLATFORM]["resource"][kind][at]
            if kind == "google_pubsub_subscription":
                # A subscription is called like its topic.
                body = stacks[PLATFORM]["resource"]["google_pubsub_topic"][body["topic"].split(".")[1]]
            return str(body.get("secret_id") or body["name"])
    return "the project"


def short(names: set[str]) -> set[str]:
    return {name.removesuffix(".fifo") for name in names}


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.name)
def test_a_process_sends_what_the_topology_has_it_send(stacks: Stacks, process: Process) -> None:
    sent = {on for permission, on in rights(stacks, process) if permission == "pubsub.topics.publish"}
    received = queues_received_by(process.service)
    by_routes = {
        queue.name for route in ROUTES.values() if route.sender == process.service for queue in route.queues
    }
    if process != DEPLOYMENTS:
        # A worker sends again what was lost, and gives up what it can't handle.
        by_routes |= {name for queue in received for name in (queue.name, queue.dead_letter)}

    assert sent == (short(by_routes) if received else set())


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.name)
def test_a_worker_receives_from_its_own_queues_and_an_api_from_none(stacks: Stacks, process: Process) -> None:
    taken = {on for permission, on in rights(stacks, process) if permission == "pubsub.subscriptions.consume"}
    own = {queue.name for queue in queues_received_by(process.service)} if process != DEPLOYMENTS else set()

    assert taken == short(own)


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.name)
def test_a_process_reads_its_own_secrets_and_no_others(stacks: Stacks, process: Process) -> None:
    read = {on for permission, on in rights(stacks, process) if permission == "secretmanager.versions.access"}

    assert len(read) == len(process.secrets)


def test_beside_that_pricing_looks_at_the_market_and_the_agent_keeps_states(stacks: Stacks) -> None:
    usual = {"pubsub.topics.publish", "pubsub.subscriptions.consume", "secretmanager.versions.access"}
    beside = {
        process.name: {permission for permission, _ in rights(stacks, process)} - usual
        for process in PROCESSES
    }

    assert {name: found for name, found in beside.items() if found} == {
        "pricing": {"compute.acceleratorTypes.list", "compute.machineTypes.list", "compute.regions.get"},
        "agent": {
            "storage.objects.create",
            "storage.objects.delete",
            "storage.objects.get",
            "storage.objects.list",
        },
    }


def test_the_agent_touches_nothing_in_the_state_bucket_but_states_of_placements(stacks: Stacks) -> None:
    (agent,) = (process for process in PROCESSES if process.name == "agent")
    conditions = {
        grant["condition"]["title"]: grant["condition"]["expression"]
        for grant in granted(stacks, agent)
        if "bucket" in grant
    }

    assert conditions == {
        "list-states": "api.getAttribute('storage.googleapis.com/objectListPrefix', '').startsWith('placements/')",
        "keep-states": 'resource.name.startsWith("projects/_/buckets/flowllama-sample-states/objects/placements/")',
    }


def test_no_account_has_a_role_of_googles_or_a_right_on_the_whole_project_but_to_look(stacks: Stacks) -> None:
    for process in PROCESSES:
        for grant in granted(stacks, process):
            assert grant["role"].startswith("${google_project_iam_custom_role.")
    whole = stacks[PLATFORM]["resource"]["google_project_iam_member"].values()
    assert all(
        permission.rpartition(".")[2] in ("get", "list")
        for grant in whole
        for permission in role(stacks, grant)["permissions"]
    )


def test_every_permission_says_what_it_is_for(stacks: Stacks) -> None:
    for made in stacks[PLATFORM]["resource"]["google_project_iam_custom_role"].values():
        reasons = made["//"]["why"]
        assert set(reasons) == set(made["permissions"])
        assert all(reason.endswith(".") and len(reason) > 20 for reason in reasons.values())
        assert len(made["role_id"]) <= 64


def test_a_process_waits_for_what_it_may(stacks: Stacks) -> None:
    resources = stacks[PLATFORM]["resource"]
    started = [
        body
        for kind in ("google_cloud_run_v2_service", "google_cloud_run_v2_worker_pool")
        for body in resources[kind].values()
    ]

    for body in started:
        (process,) = (one for one in PROCESSES if body["name"] == f"flowllama-sample-{one.name}")
        waited = {resources[kind][at]["role"] for kind, at in (one.split(".") for one in body["depends_on"])}
        assert waited == {grant["role"] for grant in granted(stacks, process)}


def test_every_account_has_a_name_that_google_takes(stacks: Stacks) -> None:
    for stack in (PLATFORM, "platform-own-words"):
        found = [body["account_id"] for body in stacks[stack]["resource"]["google_service_account"].values()]
        assert len(set(found)) == len(PROCESSES)
        assert all(6 <= len(name) <= 30 for name in found)
