"""The cloud port on AWS, against moto: every kind is found by its tags, and gone after its removal."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from services.agent.cloud import AwsCloud, Resource

REGION = "us-east-1"
OURS = {"flowllama-placement": "dep_1-1"}


@pytest.fixture
def ec2(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        yield boto3.client("ec2", region_name=REGION)


@pytest.fixture
def cloud(ec2: Any) -> AwsCloud:
    return AwsCloud(lambda region: boto3.client("ec2", region_name=region))


def test_every_kind_is_found_and_removed(ec2: Any, cloud: AwsCloud) -> None:
    subnet = ec2.describe_subnets()["Subnets"][0]
    instance = _launch(ec2, subnet)
    ec2.create_volume(AvailabilityZone="us-east-1a", Size=8, TagSpecifications=_tags("volume"))
    ec2.create_network_interface(SubnetId=subnet["SubnetId"], TagSpecifications=_tags("network-interface"))
    ec2.create_security_group(
        GroupName="ours", Description="x", VpcId=subnet["VpcId"], TagSpecifications=_tags("security-group")
    )

    found = cloud.listed(REGION, OURS)

    assert [resource.kind for resource in found] == [
        "instance",
        "volume",
        "network_interface",
        "security_group",
    ]
    assert found[0].id == instance
    assert found[0].created_at is not None

    cloud.remove(REGION, found)

    assert cloud.listed(REGION, OURS) == []


def test_a_disk_says_whose_it_is(ec2: Any, cloud: AwsCloud) -> None:
    instance = _launch(ec2, ec2.describe_subnets()["Subnets"][0])
    ec2.create_tags(
        Resources=[ec2.describe_volumes()["Volumes"][0]["VolumeId"]], Tags=_tags("volume")[0]["Tags"]
    )

    assert [r.attached_to for r in cloud.listed(REGION, OURS)] == [None, instance]


def test_what_carries_other_tags_is_left_alone(ec2: Any, cloud: AwsCloud) -> None:
    subnet = ec2.describe_subnets()["Subnets"][0]
    _launch(ec2, subnet, {"flowllama-placement": "dep_2-1"})

    assert cloud.listed(REGION, OURS) == []
    assert len(cloud.instances(REGION, {"flowllama-placement": "dep_2-1"})) == 1


def test_a_terminated_instance_is_no_longer_listed(ec2: Any, cloud: AwsCloud) -> None:
    instance = _launch(ec2, ec2.describe_subnets()["Subnets"][0])

    ec2.terminate_instances(InstanceIds=[instance])

    assert cloud.listed(REGION, OURS) == []


@pytest.mark.parametrize("code", ["DependencyViolation", "VolumeInUse", "InvalidGroup.NotFound"])
def test_what_is_gone_already_or_still_in_use_waits_for_the_next_look(code: str) -> None:
    AwsCloud(lambda _: Refusing(code)).remove(REGION, [Resource("security_group", "sg-1", {})])


def test_a_refusal_is_not_hidden() -> None:
    with pytest.raises(ClientError):
        AwsCloud(lambda _: Refusing("UnauthorizedOperation")).remove(
            REGION, [Resource("security_group", "sg-1", {})]
        )


class Refusing:
    """An EC2 that deletes no security group."""

    def __init__(self, code: str) -> None:
        self._code = code

    def delete_security_group(self, **_: Any) -> None:
        raise ClientError({"Error": {"Code": self._code}}, "DeleteSecurityGroup")


def _launch(ec2: Any, subnet: Any, tags: dict[str, str] = OURS) -> str:
    image = ec2.describe_images()["Images"][0]["ImageId"]
    launched = ec2.run_instances(
        ImageId=image,
        MinCount=1,
        MaxCount=1,
        SubnetId=subnet["SubnetId"],
        TagSpecifications=_tags("instance", tags),
    )
    id_: str = launched["Instances"][0]["InstanceId"]
    return id_


def _tags(kind: str, tags: dict[str, str] = OURS) -> list[Any]:
    return [{"ResourceType": kind, "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}]
