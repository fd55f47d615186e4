"""Asking AWS, against moto."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import boto3
import pytest
from moto import mock_aws

from services.health.clouds import (
    CloudDesk,
    CloudUnavailableError,
    Ec2Instances,
    ScalingGroups,
    _group_state,
)
from services.health.model import ABSENT, STANDING, CloudState

REGION = "us-east-1"


@pytest.fixture
def ec2(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield boto3.client("ec2", region_name=REGION)


def run(ec2: object, count: int) -> list[str]:
    answer = ec2.run_instances(ImageId="ami-12c6146b", MinCount=count, MaxCount=count)  # type: ignore[attr-defined]  # boto3's client
    return [instance["InstanceId"] for instance in answer["Instances"]]


def test_each_instance_has_its_own_state_and_an_unknown_one_none(ec2: object) -> None:
    runs, stops, ends = run(ec2, 3)
    ec2.stop_instances(InstanceIds=[stops])  # type: ignore[attr-defined]  # boto3's client
    ec2.terminate_instances(InstanceIds=[ends])  # type: ignore[attr-defined]  # boto3's client

    states = Ec2Instances().states(REGION, [runs, stops, ends, "i-0123456789abcdef0"])

    assert {name: state.state for name, state in states.items()} == {
        runs: "running",
        stops: "stopped",
        ends: "terminated",
    }


def test_many_are_asked_for_in_batches(ec2: object) -> None:
    made = run(ec2, 130)

    assert len(Ec2Instances().states(REGION, made)) == 130


def test_an_instance_the_market_took_back_says_so(ec2: object) -> None:
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.ec2 import ec2_backends

    (taken,) = run(ec2, 1)
    ec2.terminate_instances(InstanceIds=[taken])  # type: ignore[attr-defined]  # boto3's client
    instance = ec2_backends[DEFAULT_ACCOUNT_ID][REGION].get_instance(taken)
    instance.state_reason.code = "Server.SpotInstanceTermination"

    assert Ec2Instances().states(REGION, [taken]) == {taken: CloudState("terminated", by_spot=True)}


def test_an_outage_is_unknown_and_never_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", "http://127.0.0.1:9")  # Nobody listens on the discard port.

    with pytest.raises(CloudUnavailableError):
        Ec2Instances().states(REGION, ["i-0123456789abcdef0"])


def test_a_group_says_how_many_machines_it_has_and_an_unknown_one_nothing(ec2: object) -> None:
    connect: Any = boto3.client
    client = connect("autoscaling", region_name=REGION)
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]  # type: ignore[attr-defined]  # boto3's client
    client.create_launch_configuration(
        LaunchConfigurationName="lc", ImageId="ami-12c6146b", InstanceType="t3.micro"
    )
    client.create_auto_scaling_group(
        AutoScalingGroupName="ours",
        LaunchConfigurationName="lc",
        MinSize=2,
        MaxSize=3,
        VPCZoneIdentifier=subnet,
    )

    states = ScalingGroups().states(REGION, ["ours", "never-was"])

    assert states == {
        "ours": CloudState(STANDING, detail="2 of 2 machines are launched, 2 in service"),
    }
    assert not states["ours"].gone


def test_a_group_that_is_being_deleted_is_gone() -> None:
    group = {
        "Instances": [{"LifecycleState": "Terminating"}],
        "DesiredCapacity": 0,
        "Status": "Delete in progress",
    }

    assert _group_state(group).gone


async def test_replicas_are_asked_about_by_their_groups_name() -> None:
    machines, groups = CountingCloud(), CountingCloud()
    desk = CloudDesk({"aws": machines}, {"aws": groups}, gather_s=0.01)
    record = {"cloud": "aws", "region": REGION, "instance_id": "group", "replicas": {"min": 2, "max": 3}}

    await asyncio.gather(desk.ask(record), desk.ask({**record, "instance_id": "i-a", "replicas": None}))

    assert (machines.asked, groups.asked) == ([["i-a"]], [["group"]])


class CountingCloud:
    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def states(self, region: str, instance_ids: Sequence[str]) -> Mapping[str, CloudState]:
        self.asked.append(list(instance_ids))
        return {name: CloudState("running") for name in instance_ids if name != "i-unknown"}


async def test_instances_that_fall_silent_together_are_one_question() -> None:
    cloud = CountingCloud()
    desk = CloudDesk({"aws": cloud}, gather_s=0.01)
    silent = [{"cloud": "aws", "region": REGION, "instance_id": name} for name in ("i-a", "i-b", "i-unknown")]

    answers = await asyncio.gather(*(desk.ask(record) for record in silent))

    assert cloud.asked == [["i-a", "i-b", "i-unknown"]]
    assert [answer.state for answer in answers if answer] == ["running", "running", ABSENT]


async def test_a_cloud_that_is_not_connected_is_unknown() -> None:
    assert await CloudDesk({}).ask({"cloud": "gcp", "region": "us-central1", "instance_id": "x"}) is None
