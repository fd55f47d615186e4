"""The services on Cloud Run: each can start with what it is given, is called by nobody else, and calls no further."""

import inspect
from typing import Any

import pytest

from contracts.stack_platform import SECRETS
from infra.cdktf.processes import AGENT, AUTH, DEPLOYMENTS_WORKER, HEALTH, OPEN, PROCESSES, Process
from services.chassis import config
from tests.infra.gcp.conftest import Stacks
from tests.infra.gcp.specs import RUNTIME
from tests.infra.test_platform_services import BUILDERS, filled_in

PLATFORM, OWN = "gcp-platform", "platform-own-words"
NUMBER = "123456789012"
POOLS = (DEPLOYMENTS_WORKER, AGENT)


def run(stacks: Stacks, process: Process, stack: str = PLATFORM) -> dict[str, Any]:
    resources = stacks[stack]["resource"]
    kind = "google_cloud_run_v2_worker_pool" if process in POOLS else "google_cloud_run_v2_service"
    (found,) = (body for body in resources[kind].values() if body["name"].endswith(f"-{process.name}"))
    assert isinstance(found, dict)
    return found


def container(stacks: Stacks, process: Process, stack: str = PLATFORM) -> dict[str, Any]:
    (only,) = run(stacks, process, stack)["template"]["containers"]
    assert isinstance(only, dict)
    return only


def environment(stacks: Stacks, process: Process, stack: str = PLATFORM) -> dict[str, str]:
    """Plain values, with the project's number in place."""
    (project,) = stacks[stack]["data"]["google_project"]
    entries = container(stacks, process, stack)["env"]
    return {
        entry["name"]: entry["value"].replace(f"${{data.google_project.{project}.number}}", NUMBER)
        for entry in entries
        if "value" in entry
    }


def test_who_is_called_is_a_service_and_who_takes_messages_only_has_no_address(stacks: Stacks) -> None:
    resources = stacks[PLATFORM]["resource"]

    assert {body["name"] for body in resources["google_cloud_run_v2_service"].values()} == {
        f"flowllama-sample-{process.name}" for process in OPEN
    }
    assert {body["name"] for body in resources["google_cloud_run_v2_worker_pool"].values()} == {
        f"flowllama-sample-{process.name}" for process in POOLS
    }


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.name)
def test_each_process_can_start_with_what_it_is_given(
    stacks: Stacks, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [*SECRETS, "AUTH_SIGNING_KEYS", "STATE_BUCKET", "AUTH_URL", "LOG_LEVEL"]:
        monkeypatch.delenv(name, raising=False)
    given = environment(stacks, process)
    # The one thing that is missing: no adapter speaks Pub/Sub yet, so an operator has to name another broker.
    assert given.pop("QUEUE_BROKER") == "pubsub"
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    for setting in process.secrets:
        monkeypatch.setenv(setting, filled_in(setting))

    found = config.read(BUILDERS[process.name])

    assert (found.common.bind, found.common.port) == ("0.0.0.0", process.port)
    assert found.common.jwks_url == (
        f"https://flowllama-sample-auth-{NUMBER}.us-central1.run.app/.well-known/jwks.json"
    )
    assert found.common.client_address_header == "X-FlowLlama-Caller"


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.name)
def test_secrets_come_from_secret_manager_and_from_nowhere_else(stacks: Stacks, process: Process) -> None:
    secrets = stacks[PLATFORM]["resource"]["google_secret_manager_secret"]
    given = {
        entry["name"]: entry["value_source"]["secret_key_ref"]
        for entry in container(stacks, process)["env"]
        if "value_source" in entry
    }

    assert set(given) == set(process.secrets)
    for setting, reference in given.items():
        assert reference["version"] == "latest"
        secret = secrets[reference["secret"].split(".")[1]]
        assert secret["secret_id"] == f"flowllama-sample-{SECRETS[setting]}"


def test_secrets_are_names_without_values_and_are_not_lost_at_once(stacks: Stacks) -> None:
    resources = stacks[PLATFORM]["resource"]

    assert len(resources["google_secret_manager_secret"]) == len(SECRETS)
    assert "google_secret_manager_secret_version" not in resources
    for secret in resources["google_secret_manager_secret"].values():
        assert secret["deletion_protection"] is True
        assert secret["version_destroy_ttl"] == f"{30 * 24 * 3600}s"
        (replica,) = secret["replication"]["user_managed"]["replicas"]
        assert replica["location"] == "us-central1"
        assert "customer-key_key-user-secrets" in replica["customer_managed_encryption"]["kms_key_name"]


def test_without_tasks_there_is_all_that_the_first_start_waits_for_and_no_process(stacks: Stacks) -> None:
    resources = stacks["platform-first"]["resource"]

    assert len(resources["google_secret_manager_secret"]) == len(SECRETS)
    assert len(resources["google_service_account"]) == len(PROCESSES)
    assert not [kind for kind in resources if kind.startswith("google_cloud_run") or "url_map" in kind]
    # Google keeps the name of a log bucket for a week, so that none goes with the processes.
    kept, running = (
        {body["bucket_id"] for body in found["google_logging_project_bucket_config"].values()}
        for found in (resources, stacks[PLATFORM]["resource"])
    )
    assert kept == running


@pytest.mark.parametrize("process", OPEN, ids=lambda process: process.name)
def test_a_service_is_reached_by_the_gateway_and_from_inside_alone(stacks: Stacks, process: Process) -> None:
    service = run(stacks, process)

    assert service["ingress"] == "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"
    assert service["invoker_iam_disabled"] is True
    assert not [kind for kind in stacks[PLATFORM]["resource"] if "cloud_run" in kind and "iam" in kind]


@pytest.mark.parametrize("process", OPEN, ids=lambda process: process.name)
def test_a_service_works_between_calls_and_is_restarted_when_it_hangs(
    stacks: Stacks, process: Process
) -> None:
    template = run(stacks, process)["template"]
    (only,) = template["containers"]

    assert only["resources"]["cpu_idle"] is False
    assert (template["scaling"]["min_instance_count"], template["scaling"]["max_instance_count"]) == (1, 4)
    assert only["ports"] == {"container_port": process.port}
    for probe in ("startup_probe", "liveness_probe"):
        assert only[probe]["http_get"] == {"path": "/healthz", "port": process.port}


def test_an_instance_takes_as_many_calls_at_a_time_as_it_has_threads(stacks: Stacks) -> None:
    threads = inspect.signature(config.common).parameters["default_threads"].default

    assert run(stacks, AUTH)["template"]["max_instance_request_concurrency"] == threads


def test_a_pool_has_a_fixed_size_so_that_nobody_takes_a_waiting_agent_away(stacks: Stacks) -> None:
    for process in POOLS:
        assert run(stacks, process)["scaling"] == {"manual_instance_count": 1}


def test_pools_and_services_are_of_the_stage_that_cloud_run_gives_back(stacks: Stacks) -> None:
    resources = stacks[PLATFORM]["resource"]

    for kind in ("google_cloud_run_v2_worker_pool", "google_cloud_run_v2_service"):
        # It says GA of what uses no preview, so that any other word here is a change in every plan.
        assert all("launch_stage" not in body for body in resources[kind].values())


def test_cpu_and_memory_are_those_that_the_processes_have_elsewhere_in_whole_cpus(stacks: Stacks) -> None:
    found = {process.name: container(stacks, process)["resources"]["limits"] for process in PROCESSES}

    assert found["auth"] == {"cpu": "1", "memory": "1024Mi"}
    assert found["health"] == {"cpu": "1", "memory": "2048Mi"}
    assert found["agent"] == {"cpu": "2", "memory": "6144Mi"}


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.name)
def test_everything_that_a_process_sends_leaves_by_the_vpc(stacks: Stacks, process: Process) -> None:
    access = run(stacks, process)["template"]["vpc_access"]
    (interface,) = access["network_interfaces"]

    assert access["egress"] == "ALL_TRAFFIC"
    assert interface["network"] == RUNTIME["vpc_id"]
    assert interface["subnetwork"] == RUNTIME["subnets"]["us-central1-a"]
    wanted = ["flowllama-sample-services"] + ["flowllama-sample-health"] * (process == HEALTH)
    assert interface["tags"] == wanted


def test_it_may_go_to_the_web_to_mongodb_and_only_health_to_instances(stacks: Stacks) -> None:
    rules = stacks[OWN]["resource"]["google_compute_firewall"].values()
    said = {
        (
            rule["target_tags"][0].rpartition("-")[2],
            rule["priority"],
            tuple(rule["destination_ranges"]),
            tuple(port for allowed in rule.get("allow", ()) for port in allowed["ports"]),
        )
        for rule in rules
    }

    assert {rule["direction"] for rule in rules} == {"EGRESS"}
    assert said == {
        ("services", 1000, ("0.0.0.0/0",), ("443",)),
        ("services", 1000, ("10.9.0.0/16",), ("27017",)),
        ("health", 1000, ("0.0.0.0/0",), ("11434",)),
        ("services", 65000, ("0.0.0.0/0",), ()),
    }


def test_what_an_operator_writes_into_settings_stays_data_and_wins(stacks: Stacks) -> None:
    given = environment(stacks, AUTH, OWN)

    assert given["QUEUE_BROKER"] == "sqs"
    assert given["LOG_LEVEL"].startswith('$${file("/etc/passwd")} %%{ if true } $${')
    assert "TfToken[TOKEN.0]" not in given["LOG_LEVEL"]


def test_the_agent_finds_its_states_and_the_models(stacks: Stacks) -> None:
    given = environment(stacks, AGENT)

    assert given["STATE_BUCKET"] == "flowllama-sample-states"
    assert given["MODEL_BUCKETS"] == "us-central1=flowllama-sample-models"


def test_an_address_fits_into_a_name_however_long_the_environments_is(stacks: Stacks) -> None:
    host = environment(stacks, AUTH, OWN)["PRICING_URL"].removeprefix("https://")

    # Beyond this Google shortens the first part by a rule of its own.
    assert len(host.partition(".")[0]) <= 63
    names = [process.name for process in PROCESSES]
    assert max(len(f"flowllama-{'e' * 16}-{name}-{NUMBER}") for name in names) <= 63
