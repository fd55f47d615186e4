"""The agent's runs through the real Terraform CLI and AWS provider: state, progress, interruption, proof of the end.

The stack is one firewall, so that a cycle takes seconds; the whole stack goes through Terraform in the end-to-end tests.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from contracts import messages as m
from contracts.vocabulary import Cloud
from services.agent import kinds
from services.agent.cloud import AwsCloud
from services.agent.placements import tags_of
from services.agent.resource import Place
from services.agent.runs import FIELD
from services.agent.settings import TerraformSettings
from services.agent.states import States
from services.agent.store import RUNS
from services.agent.terraform import LeaseAddress, Terraform
from services.chassis.mongo import Store
from tests.conftest import free_port
from tests.infra import terraform as cli
from tests.infra.agent.conftest import until
from tests.unit.agent.world import DEPLOYMENT, World, destroy, provision

pytestmark = [
    pytest.mark.terraform,
    pytest.mark.skipif(cli.missing() is not None, reason=str(cli.missing())),
]

BUCKET = "flowllama-test-state"
REGION = "us-east-1"
HERE = Place("123456789012", REGION)


class FirewallSynth:
    """Writes a stack of one security group where the child would write the whole one."""

    def synthesise(self, spec: Mapping[str, Any], out: Path) -> None:
        backend = {name: spec["backend"][name] for name in ("bucket", "key", "region")}
        group = {"name": f"flowllama-{spec['placement_id']}", "vpc_id": spec["vpc_id"]}
        outputs = ("instance_id", "private_ip", "address", "security_group_id")
        stack = {
            "terraform": {
                "required_providers": {"aws": {"source": "aws", "version": "5.100.0"}},
                "backend": {"s3": {**backend, "use_path_style": True, "use_lockfile": True}},
            },
            "provider": {"aws": [{"region": REGION, "default_tags": [{"tags": _tags(spec)}]}]},
            "resource": {"aws_security_group": {"it": group}},
            "output": {name: {"value": "${aws_security_group.it.id}"} for name in outputs},
        }
        (out / "cdk.tf.json").write_text(json.dumps(stack))


def _tags(spec: Mapping[str, Any]) -> dict[str, str]:
    return {"flowllama-deployment": spec["deployment_id"], **tags_of(spec["placement_id"])}


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A moto server, and the environment that leads to it."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    environment = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    try:
        until(lambda: _answers(port))
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield environment["AWS_ENDPOINT_URL"]
    finally:
        server.terminate()
        server.wait(timeout=10)


@pytest.fixture
def real(store: Store, store_uri: str, cloud: str, tmp_path: Path) -> World:
    """The agent with real Terraform, states and cloud; only pricing and the stack are made up."""
    world = World(store, tmp_path / "work")
    world.intend()
    network = boto3.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    for candidate in world.pricing.candidates:
        candidate["network"]["vpc_id"] = network
    environment = {n: v for n, v in os.environ.items() if n.startswith("AWS_") or n in ("PATH", "HOME")}
    settings = TerraformSettings("terraform", tmp_path / "work", str(cli.find_mirror()), 120, environment)

    def address(id_: str, owner: str, epoch: int, ttl_s: float) -> LeaseAddress:
        return LeaseAddress(store_uri, store.name, RUNS.name, id_, FIELD, owner, epoch, ttl_s)

    world.ports = replace(
        world.ports,
        synth=FirewallSynth(),
        terraform=Terraform(settings),
        states=States(boto3.client("s3"), BUCKET),
        clouds={"aws": AwsCloud()},
        lease_address=address,
        rules=replace(world.ports.rules, sweep_limit_s=30, sweep_interval_s=0.2),
    )
    return world


def test_a_placement_comes_and_goes_and_its_state_follows_the_epochs(real: World) -> None:
    real.handle(provision())

    ec2, s3 = boto3.client("ec2"), boto3.client("s3")
    placement = real.placements()[0]
    group = placement["outputs"]["security_group_id"]
    assert placement["state"] == "standing"
    assert real.told_types() == [m.SELECTED, m.PROVISIONED, m.INSTANCE_LAUNCHED]
    assert [resource.id for resource in AwsCloud().listed(HERE, placement["tags"], placement["kinds"])] == [
        group
    ]
    assert _keys(s3) == [f"placements/{DEPLOYMENT}-1/1.tfstate"]
    progress = [line["resource"] for line in real.store["run_logs"].find({"type": "apply_complete"})]
    assert "aws_security_group.it" in progress

    # What a killed run created and never wrote down carries the same tags.
    ec2.create_volume(AvailabilityZone="us-east-1a", Size=8, TagSpecifications=[_stray("volume")])
    real.intend(generation=2, status="deleting")

    real.handle(destroy())

    assert real.told_types()[-1] == m.DESTROYED
    assert AwsCloud().listed(HERE, {"flowllama-deployment": DEPLOYMENT}, kinds.SINGLE[Cloud.AWS]) == []
    assert _keys(s3) == []
    threads = [thread.name for thread in threading.enumerate()]
    assert "run-watch" not in threads


def _stray(kind: str) -> Any:
    tags = {"flowllama-deployment": DEPLOYMENT, **tags_of(f"{DEPLOYMENT}-1")}
    return {"ResourceType": kind, "Tags": [{"Key": name, "Value": value} for name, value in tags.items()]}


def _keys(s3: Any) -> list[str]:
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ())]


def _answers(port: int) -> bool:
    try:
        boto3.client("ec2", endpoint_url=f"http://127.0.0.1:{port}").describe_vpcs()
    except Exception:  # noqa: BLE001 - it is starting; the caller's patience ends the wait.
        time.sleep(0.3)
        return False
    return True
