"""What the operator's settings add to a placement's spec: the bucket of its region, and where its logs go."""

from dataclasses import replace

import pytest

from contracts.envelope import Message
from contracts.vocabulary import Arch
from services.agent import spec
from services.agent.command import Command
from services.agent.settings import LogSettings, build_worker
from services.chassis import config
from services.chassis.mongo import Document
from tests.unit.agent.fakes import PROJECT, candidate, google_balanced_candidate, google_candidate
from tests.unit.agent.world import BUILD, DEPLOYMENT, provision

LOGS = LogSettings(
    "/flowllama/instances",
    {
        Arch.X86_64: ("https://example.com/amd64/agent.deb", "c" * 64),
        Arch.ARM64: ("https://example.com/arm64/agent.deb", "d" * 64),
    },
)
MODEL = {"tag": "llama3.2:1b", "context_size": 8192, "parallel": 2, "kv_type": "f16"}


def built(offer: Document | None = None, asked: Message | None = None, **settings: object) -> Document:
    build, command = replace(BUILD, **settings), Command.of(asked or provision())
    return spec.deployment(command, f"{DEPLOYMENT}-1", 1, offer or candidate(), MODEL, build)


def test_without_settings_an_instance_has_neither_cache_nor_log_shipping() -> None:
    found = built()

    assert (found["model_bucket"], found["logs"]) == (None, None)


def test_an_instance_uses_the_bucket_of_its_own_region_only() -> None:
    assert built(model_buckets={"us-east-1": "models-1"})["model_bucket"] == "models-1"
    assert built(model_buckets={"eu-west-1": "models-2"})["model_bucket"] is None


def test_the_log_agent_is_that_of_the_machines_architecture() -> None:
    assert built(logs=LOGS)["logs"] == {
        "group": "/flowllama/instances",
        "agent_url": "https://example.com/amd64/agent.deb",
        "agent_sha256": "c" * 64,
    }


def test_an_offer_of_google_becomes_a_stack_in_its_project_with_the_state_where_all_states_are() -> None:
    found = built(google_candidate())

    assert (found["cloud"], found["account"], found["region"]) == ("gcp", PROJECT, "us-central1")
    assert found["backend"]["kind"] == "s3"
    assert found["backend"]["region"] == "us-east-1"
    assert found["instance_profile"] == f"flowllama-test-main@{PROJECT}.iam.gserviceaccount.com"


def test_an_attached_gpu_is_none_of_the_machines_name() -> None:
    machine = built(google_candidate(machine="n1-standard-8+2xT4", gpu="T4"))["machine"]

    assert (machine["type"], machine["gpu_kind"]) == ("n1-standard-8", "T4")


def test_a_cap_is_no_bid_where_the_cloud_takes_none() -> None:
    capped = provision(workload={"model": "llama3.2:1b", "max_hourly_usd": "1.00"})

    assert built(google_candidate(), capped)["spot_max_usd"] is None
    assert built(candidate(), capped)["spot_max_usd"] is not None


def test_replicas_on_google_need_no_certificate_of_ours() -> None:
    asked = provision(
        workload={"model": "llama3.2:1b", "max_hourly_usd": None, "replicas": {"min": 2, "max": 3}},
        exposure={"kind": "load_balanced", "allow_cidrs": ["203.0.113.7/32"]},
    )

    found = built(google_balanced_candidate(), asked)

    assert found["balancer"]["certificate"] is None
    assert set(found["replicas"]["subnets"]) == {"us-central1-a", "us-central1-b"}


@pytest.mark.parametrize(
    ("listed", "reachable"), [(["2001:db8::/32"], False), (["2001:db8::/32", "203.0.113.7/32"], True)]
)
def test_who_comes_by_ipv6_alone_is_sent_to_no_machine_of_google(listed: list[str], reachable: bool) -> None:  # noqa: FBT001
    asked = Command.of(provision(exposure={"kind": "allow_listed", "allow_cidrs": listed}))

    assert spec.is_reachable(google_candidate(), asked) is reachable
    assert spec.is_reachable(candidate(), asked)


def test_each_cloud_has_a_log_agent_of_its_own() -> None:
    assert built(google_candidate(), logs=LOGS)["logs"] is None
    assert built(google_candidate(), google_logs=LOGS)["logs"] is not None


@pytest.fixture
def _required(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AGENT_CLIENT_SECRET", "FLOWLLAMA_SEALING_KEYS", "MONGODB_URI", "STATE_BUCKET"):
        monkeypatch.setenv(name, "x")


@pytest.mark.usefixtures("_required")
def test_buckets_and_logs_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_BUCKETS", "us-east-1=models-1,eu-west-1=models-2")
    monkeypatch.setenv("INSTANCE_LOG_GROUP", LOGS.group)
    for name, arch in (("AMD64", Arch.X86_64), ("ARM64", Arch.ARM64)):
        monkeypatch.setenv(f"LOG_AGENT_URL_{name}", LOGS.agents[arch][0])
        monkeypatch.setenv(f"LOG_AGENT_SHA256_{name}", LOGS.agents[arch][1])

    build = config.read(build_worker).build

    assert build.model_buckets == {"us-east-1": "models-1", "eu-west-1": "models-2"}
    assert build.logs == LOGS


@pytest.mark.usefixtures("_required")
def test_a_log_group_without_an_agent_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTANCE_LOG_GROUP", LOGS.group)

    with pytest.raises(SystemExit):
        config.read(build_worker)
