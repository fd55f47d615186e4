"""The platform stack runs the services: each can start with what it is given, and reaches what it needs and no more."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from environs import Env
from marshmallow import ValidationError

from contracts.stack_platform import SECRETS
from contracts.stack_spec import load_stack_spec
from contracts.topology import ROUTES, queues_received_by
from infra.cdktf import samples
from infra.cdktf.processes import AGENT, AUTH, OPEN, PROCESSES, Process
from services.agent import settings as agent
from services.auth import settings as auth
from services.chassis.config import read
from services.deployments import settings as deployments
from services.health import settings as health
from services.pricing import settings as pricing

Document = dict[str, Any]
HOSTILE = '${file("/etc/passwd")} %{ if true } TfToken[x] "quoted" \\'
BUILDERS: dict[str, Callable[[Env], Any]] = {
    "auth": auth.build,
    "deployments": deployments.build_api,
    "deployments-worker": deployments.build_worker,
    "pricing": pricing.build,
    "agent": agent.build_worker,
    "health": health.build,
}


@pytest.fixture(scope="module")
def stack(write_stack: Any, tmp_path_factory: pytest.TempPathFactory) -> Document:
    settings = {"LOG_LEVEL": "DEBUG", "NOTE": HOSTILE}
    raw = samples.platform(runtime=samples.runtime(settings=settings))
    written: Document = write_stack(raw, tmp_path_factory.mktemp("platform"))
    return written


def container(stack: Document, process: Process) -> Document:
    (task,) = (
        task
        for task in stack["resource"]["aws_ecs_task_definition"].values()
        if task["family"] == f"flowllama-sample-{process.name}"
    )
    (only,) = json.loads(task["container_definitions"])
    return {**only, "task": task}


def service(stack: Document, process: Process) -> Document:
    (found,) = (one for one in stack["resource"]["aws_ecs_service"].values() if one["name"] == process.name)
    assert isinstance(found, dict)
    return found


def statements(stack: Document, role: str) -> dict[str, Document]:
    (policy,) = (
        body["policy"]
        for name, body in stack["resource"]["aws_iam_role_policy"].items()
        if name.startswith(f"runtime_{role}_policy")
    )
    return {one["Sid"]: one for one in json.loads(policy)["Statement"]}


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.name)
def test_each_process_can_start_with_what_it_is_given(
    stack: Document, process: Process, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given = container(stack, process)
    for name in [*SECRETS, "AUTH_SIGNING_KEYS", "STATE_BUCKET", "AUTH_URL", "LOG_LEVEL"]:
        monkeypatch.delenv(name, raising=False)
    for entry in given["environment"]:
        monkeypatch.setenv(entry["name"], entry["value"])
    for entry in given["secrets"]:
        monkeypatch.setenv(entry["name"], filled_in(entry["name"]))

    found = read(BUILDERS[process.name])

    assert (found.common.bind, found.common.port) == ("0.0.0.0", process.port)
    assert found.common.environment == "sample"
    assert found.common.log_level == "DEBUG"
    assert found.common.jwks_url == "http://auth.sample.flowllama.internal:8081/.well-known/jwks.json"
    assert found.common.client_address_header == "X-FlowLlama-Caller"


def filled_in(setting: str) -> str:
    key = Ed25519PrivateKey.generate()
    special = {
        "MONGODB_URI": "mongodb://store.example.com/",
        "FLOWLLAMA_SEALING_KEYS": Fernet.generate_key().decode(),
        "AUTH_SIGNING_KEYS_PEM": key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        ).decode(),
        "SERVICE_CLIENTS": json.dumps({"agent": "0" * 64}),
    }
    return special.get(setting, "a secret")


def test_the_agent_finds_its_states_and_the_models(stack: Document) -> None:
    given = {entry["name"]: entry["value"] for entry in container(stack, AGENT)["environment"]}

    assert given["STATE_BUCKET"] == "flowllama-sample-state-123456789012"
    assert given["MODEL_BUCKETS"] == "us-east-1=flowllama-sample-models-123456789012"
    assert given["AGENT_WORK_DIR"].startswith("/var/lib/flowllama/")


def test_what_an_operator_writes_into_settings_stays_data(stack: Document) -> None:
    given = {entry["name"]: entry["value"] for entry in container(stack, AUTH)["environment"]}

    assert given["NOTE"] == '$${file("/etc/passwd")} %%{ if true } TfToken${""}[x] "quoted" \\'


@pytest.mark.parametrize("setting", SECRETS)
def test_a_secret_in_the_spec_is_refused(setting: str) -> None:
    runtime = samples.runtime(settings={setting: "hush"})

    with pytest.raises(ValidationError, match=SECRETS[setting]):
        load_stack_spec(samples.platform(runtime=runtime))


def test_no_value_of_a_secret_is_in_the_stack(stack: Document) -> None:
    assert "aws_secretsmanager_secret_version" not in stack["resource"]
    assert all("value" not in entry for entry in container(stack, AUTH)["secrets"])


def test_the_gateway_sends_each_path_to_its_service_and_knows_no_other(stack: Document) -> None:
    resources = stack["resource"]
    arns = {f"${{aws_service_discovery_service.{n}.arn}}": one["name"] for n, one in names(stack).items()}
    behind = {
        f"integrations/${{aws_apigatewayv2_integration.{name}.id}}": arns[one["integration_uri"]]
        for name, one in resources["aws_apigatewayv2_integration"].items()
    }
    routes = {one["route_key"]: behind[one["target"]] for one in resources["aws_apigatewayv2_route"].values()}

    assert routes == {
        "ANY /api/auth": "auth",
        "ANY /api/auth/{proxy+}": "auth",
        "ANY /.well-known/jwks.json": "auth",
        "ANY /api/deployments": "deployments",
        "ANY /api/deployments/{proxy+}": "deployments",
        "ANY /api/budget": "deployments",
        "ANY /api/models": "pricing",
        "ANY /api/models/{proxy+}": "pricing",
        "ANY /api/pricing": "pricing",
        "ANY /api/pricing/{proxy+}": "pricing",
        "ANY /api/health": "health",
        "ANY /api/health/{proxy+}": "health",
        "ANY /api/webhooks": "health",
        "ANY /api/webhooks/{proxy+}": "health",
    }


def names(stack: Document) -> Document:
    found: Document = stack["resource"]["aws_service_discovery_service"]
    return found


def test_who_is_called_by_name_has_one(stack: Document) -> None:
    assert {one["name"] for one in names(stack).values()} == {process.name for process in OPEN}
    for process in PROCESSES:
        registered = service(stack, process).get("service_registries")
        assert (registered is not None) == (process in OPEN)
        if registered:
            assert registered["container_port"] == process.port


@pytest.mark.parametrize("name", ["deployments", "deployments-worker", "agent", "health"])
def test_a_process_sends_and_receives_by_the_topology_alone(stack: Document, name: str) -> None:
    may = statements(stack, f"{name}-task")
    process = next(one for one in PROCESSES if one.name == name)
    sent = {q.name for route in ROUTES.values() if route.sender == process.service for q in route.queues}
    own = {queue.name for queue in queues_received_by(process.service)}
    dead = {queue.dead_letter for queue in queues_received_by(process.service)}

    if name == "deployments":
        assert set(may) == {"SendMessages"}
        assert queues(may["SendMessages"]) == sent
    else:
        assert queues(may["SendMessages"]) == sent | own | dead
        assert queues(may["ReceiveMessages"]) == own


def queues(statement: Document) -> set[str]:
    arns = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
    return {arn.removeprefix("arn:aws:sqs:us-east-1:123456789012:") for arn in arns}


def test_auth_and_pricing_touch_no_queue_and_auth_no_cloud(stack: Document) -> None:
    assert "task_role_arn" not in container(stack, AUTH)["task"]
    assert set(statements(stack, "pricing-task")) == {"ReadPrices", "ReadQuotas"}


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.name)
def test_a_start_reads_the_secrets_of_its_own_process(stack: Document, process: Process) -> None:
    may = statements(stack, f"{process.name}-start")
    read_ = may["ReadSecrets"]["Resource"]
    injected = [entry["valueFrom"] for entry in container(stack, process)["secrets"]]

    assert sorted(read_ if isinstance(read_, list) else [read_]) == sorted(injected)
    assert len(injected) == len(process.secrets)
    assert may["WriteLines"]["Resource"].endswith(f":log-stream:{process.name}/*")
    assert may["PullImage"]["Resource"] == "arn:aws:ecr:us-east-1:123456789012:repository/flowllama"


def test_every_role_of_the_platform_is_bounded(stack: Document) -> None:
    policies = stack["resource"]["aws_iam_policy"].items()
    (name,) = (name for name, body in policies if body["name"].endswith("-boundary"))
    roles = stack["resource"]["aws_iam_role"]

    assert len(roles) == 12
    assert {role["permissions_boundary"] for role in roles.values()} == {f"${{aws_iam_policy.{name}.arn}}"}


def test_an_image_of_another_registry_is_pulled_without_a_right(write_stack: Any, tmp_path: Path) -> None:
    image = f"registry.example.com/team/flowllama:v1@sha256:{'1' * 64}"
    written = write_stack(samples.platform(runtime=samples.runtime(image=image)), tmp_path)

    assert set(statements(written, "auth-start")) == {"WriteLines", "ReadSecrets", "DecryptSecrets"}
    assert container(written, AUTH)["image"] == image


def test_without_a_name_of_its_own_the_api_answers_under_that_of_aws(
    write_stack: Any, tmp_path: Path
) -> None:
    runtime = samples.runtime(domain=None, certificate=None, dns_zone=None)
    written = write_stack(samples.platform(runtime=runtime), tmp_path)

    (api,) = written["resource"]["aws_apigatewayv2_api"].values()
    assert api["disable_execute_api_endpoint"] is False
    assert "aws_apigatewayv2_domain_name" not in written["resource"]
    assert written["output"]["api_endpoint"]["value"].endswith(".api_endpoint}")


def test_without_a_key_secrets_and_states_fall_back_to_those_of_aws(write_stack: Any, tmp_path: Path) -> None:
    written = write_stack(samples.platform(customer_key=False), tmp_path)

    assert all("kms_key_id" not in one for one in written["resource"]["aws_secretsmanager_secret"].values())
    assert "DecryptSecrets" not in statements(written, "auth-start")
    assert "EncryptStates" not in statements(written, "agent-task")
