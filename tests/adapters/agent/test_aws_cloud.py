"""The cloud port on AWS, against moto: every kind is found by its tags, and gone after its removal."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from contracts.vocabulary import Cloud
from services.agent import kinds
from services.agent.cloud import AwsCloud
from services.agent.resource import Place, RecordName, Resource

REGION = "us-east-1"
HERE = Place("123456789012", REGION)
Tags = dict[str, str]


class Account:
    """An account at moto; `asked` names the services that a cloud port was given clients of."""

    def __init__(self) -> None:
        self._numbers = count()
        self.ec2, self.autoscaling, self.elbv2 = (
            boto3.client(name, region_name=REGION) for name in ("ec2", "autoscaling", "elbv2")
        )
        self.subnets = self.ec2.describe_subnets()["Subnets"]
        self.image = self.ec2.describe_images()["Images"][0]["ImageId"]

    def tags(self) -> Tags:
        """Of a placement that nothing else belongs to."""
        return {"flowllama-placement": f"dep_1-{next(self._numbers)}"}

    def cloud(self, asked: list[str] | None = None) -> AwsCloud:
        """`asked` gets the name of each service that is called."""

        def connect(service: str, region: str) -> Any:
            (asked if asked is not None else []).append(service)
            return boto3.client(service, region_name=region)

        return AwsCloud(connect)

    def launch(self, tags: Tags) -> str:
        launched = self.ec2.run_instances(
            ImageId=self.image,
            MinCount=1,
            MaxCount=1,
            SubnetId=self.subnets[0]["SubnetId"],
            TagSpecifications=_spec("instance", tags),
        )
        id_: str = launched["Instances"][0]["InstanceId"]
        return id_

    def launch_group(self, tags: Tags) -> str:
        """A group of two machines, from a template of its own."""
        name = f"group-{tags['flowllama-placement']}"
        self.ec2.create_launch_template(
            LaunchTemplateName=name,
            LaunchTemplateData={"ImageId": self.image, "InstanceType": "t3.micro"},
            TagSpecifications=_spec("launch-template", tags),
        )
        self.autoscaling.create_auto_scaling_group(
            AutoScalingGroupName=name,
            LaunchTemplate={"LaunchTemplateName": name, "Version": "$Latest"},
            MinSize=2,
            MaxSize=3,
            VPCZoneIdentifier=self.subnets[0]["SubnetId"],
            Tags=[{**tag, "PropagateAtLaunch": True} for tag in _pairs(tags)],
        )
        return name

    def zone(self, domain: str, *hosts: str) -> str:
        """A hosted zone with an address for each host."""
        route53 = boto3.client("route53", region_name=REGION)
        zone: str = route53.create_hosted_zone(Name=domain, CallerReference="x")["HostedZone"]["Id"]
        for host in hosts:
            record = {"Name": host, "Type": "A", "TTL": 30, "ResourceRecords": [{"Value": "192.0.2.1"}]}
            batch: Any = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
            route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
        return zone.rpartition("/")[2]

    def balance(self, tags: Tags) -> str:
        """A balancer, its listener and what it forwards to; returns the number in their names."""
        number = next(self._numbers)
        group = self.elbv2.create_target_group(
            Name=f"tg-{number}",
            Protocol="HTTPS",
            Port=11434,
            VpcId=self.subnets[0]["VpcId"],
            Tags=_pairs(tags),
        )["TargetGroups"][0]["TargetGroupArn"]
        balancer = self.elbv2.create_load_balancer(
            Name=f"lb-{number}", Subnets=[s["SubnetId"] for s in self.subnets[:2]], Tags=_pairs(tags)
        )["LoadBalancers"][0]["LoadBalancerArn"]
        self.elbv2.create_listener(
            LoadBalancerArn=balancer,
            Protocol="HTTP",
            Port=11434,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
            Tags=_pairs(tags),
        )
        return str(number)


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    """Each test has tags of its own in it: an empty one takes moto a second and a half."""
    with pytest.MonkeyPatch.context() as patched, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patched.setenv(name, "test")
        yield Account()


@pytest.fixture
def ours(account: Account) -> Tags:
    return account.tags()


def test_every_kind_of_a_single_machine_is_found_and_removed(account: Account, ours: Tags) -> None:
    ec2, subnet, asked = account.ec2, account.subnets[0], list[str]()
    cloud = account.cloud(asked)
    instance = account.launch(ours)
    ec2.create_volume(AvailabilityZone="us-east-1a", Size=8, TagSpecifications=_spec("volume", ours))
    interface = _spec("network-interface", ours)
    ec2.create_network_interface(SubnetId=subnet["SubnetId"], TagSpecifications=interface)
    group = _spec("security-group", ours)
    ec2.create_security_group(
        GroupName="ours", Description="x", VpcId=subnet["VpcId"], TagSpecifications=group
    )

    found = cloud.listed(HERE, ours, kinds.SINGLE[Cloud.AWS])

    assert [r.kind for r in found] == ["instance", "volume", "network_interface", "security_group"]
    assert found[0].id == instance
    assert found[0].created_at is not None
    assert set(asked) == {"ec2"}, "a single machine costs no call for balanced ones"

    cloud.remove(HERE, found)

    assert cloud.listed(HERE, ours, kinds.SINGLE[Cloud.AWS]) == []


def test_every_kind_of_a_balanced_placement_is_found_and_removed(account: Account, ours: Tags) -> None:
    cloud, group = account.cloud(), account.launch_group(ours)
    account.balance(ours)

    found = cloud.listed(HERE, ours, kinds.BALANCED[Cloud.AWS])

    names = [resource.kind for resource in found]
    first, last = (
        ["scaling_group", "instance", "instance"],
        ["load_balancer", "target_group", "launch_template"],
    )
    assert names == [*first, *last]
    assert [r.attached_to for r in found if r.kind == "instance"] == [group, group]
    assert all(r.created_at for r in found if r.kind in ("scaling_group", "load_balancer"))

    cloud.remove(HERE, found)

    assert cloud.listed(HERE, ours, kinds.BALANCED[Cloud.AWS]) == []


def test_a_name_is_found_and_removed_and_its_neighbours_are_left(account: Account) -> None:
    zone, cloud = (
        account.zone("models.example.com", "dep-1.models.example.com", "dep-12.models.example.com"),
        account.cloud(),
    )
    names = [RecordName(zone, f"{name}.models.example.com") for name in ("dep-1", "dep-11")]

    found = cloud.records(HERE, names)
    cloud.remove(HERE, found)
    cloud.remove(HERE, found)

    assert [r.id for r in found] == [f"{zone}_dep-1.models.example.com_A"]
    assert cloud.records(HERE, names) == []
    assert len(cloud.records(HERE, [RecordName(zone, "dep-12.models.example.com")])) == 1


def test_a_zone_that_is_gone_has_no_names_and_without_names_nobody_is_asked(account: Account) -> None:
    asked = list[str]()
    assert account.cloud().records(HERE, [RecordName("Z0000000000000", "dep-1.models.example.com")]) == []
    assert account.cloud(asked).records(HERE, []) == ()
    assert asked == []


def test_more_balancers_than_tags_are_told_of_at_once(account: Account, ours: Tags) -> None:
    others = account.tags()
    for _ in range(21):
        account.balance(others)
    number = account.balance(ours)

    found = account.cloud().listed(HERE, ours, ["load_balancer", "target_group"])

    assert [(r.kind, r.id.split("/")[-2]) for r in found] == [
        ("load_balancer", f"lb-{number}"),
        ("target_group", f"tg-{number}"),
    ]


def test_a_balancer_that_vanishes_between_two_questions_hides_no_other(account: Account, ours: Tags) -> None:
    vanishing, left = account.balance(ours), account.balance(ours)
    cloud = AwsCloud(lambda *_: Forgetful(account.elbv2, f"lb-{vanishing}"))

    assert [r.id.split("/")[-2] for r in cloud.listed(HERE, ours, ["load_balancer"])] == [f"lb-{left}"]


def test_a_disk_says_whose_it_is(account: Account, ours: Tags) -> None:
    instance = account.launch(ours)
    attached = [{"Name": "attachment.instance-id", "Values": [instance]}]
    volume = account.ec2.describe_volumes(Filters=attached)["Volumes"][0]["VolumeId"]
    account.ec2.create_tags(Resources=[volume], Tags=_pairs(ours))

    found = account.cloud().listed(HERE, ours, kinds.SINGLE[Cloud.AWS])

    assert [(r.kind, r.attached_to) for r in found] == [("instance", None), ("volume", instance)]


def test_what_carries_other_tags_is_left_alone(account: Account, ours: Tags) -> None:
    theirs = account.tags()
    account.launch(theirs)
    account.launch_group(theirs)
    account.balance(theirs)

    assert account.cloud().listed(HERE, ours, kinds.BALANCED[Cloud.AWS]) == []
    assert len(account.cloud().listed(HERE, theirs, kinds.BALANCED[Cloud.AWS])) == 7


def test_a_terminated_instance_is_no_longer_listed(account: Account, ours: Tags) -> None:
    account.ec2.terminate_instances(InstanceIds=[account.launch(ours)])

    assert account.cloud().listed(HERE, ours, kinds.SINGLE[Cloud.AWS]) == []


def test_what_is_gone_already_is_no_error(account: Account, ours: Tags) -> None:
    gone = [
        Resource("scaling_group", "never-was", ours),
        Resource("launch_template", "lt-0123456789abcdef0", ours),
    ]

    account.cloud().remove(HERE, gone)


@pytest.mark.parametrize(
    "code",
    ["DependencyViolation", "VolumeInUse", "InvalidGroup.NotFound", "ResourceInUse", "TargetGroupNotFound"],
)
def test_what_is_still_in_use_waits_for_the_next_look(code: str) -> None:
    AwsCloud(lambda *_: Refusing(code)).remove(HERE, [Resource("security_group", "sg-1", {})])


def test_an_interface_of_a_machine_that_is_going_holds_up_nothing_behind_it() -> None:
    """EC2 has no code of its own for it."""
    words = "Network interface 'eni-0123456789abcdef0' is currently in use."
    refusing = Refusing("InvalidParameterValue", words)

    AwsCloud(lambda *_: refusing).remove(
        HERE, [Resource("network_interface", "eni-1", {}), Resource("security_group", "sg-1", {})]
    )

    assert refusing.asked == ["network_interface", "security_group"]


@pytest.mark.parametrize("code", ["UnauthorizedOperation", "ValidationError", "InvalidParameterValue"])
def test_a_refusal_is_not_hidden(code: str) -> None:
    with pytest.raises(ClientError):
        AwsCloud(lambda *_: Refusing(code)).remove(HERE, [Resource("security_group", "sg-1", {})])


class Refusing:
    """An EC2 that deletes no security group and no interface."""

    def __init__(self, code: str, words: str = "") -> None:
        self._error = {"Code": code, "Message": words}
        self.asked: list[str] = []

    def delete_security_group(self, **_: Any) -> None:
        self._refuse("security_group")

    def delete_network_interface(self, **_: Any) -> None:
        self._refuse("network_interface")

    def _refuse(self, kind: str) -> None:
        self.asked.append(kind)
        raise ClientError({"Error": self._error}, f"Delete {kind}")


class Forgetful:
    """Balancers as they are listed, one of which is gone when its tags are asked for."""

    def __init__(self, client: Any, gone: str) -> None:
        self._client, self._gone = client, gone

    def get_paginator(self, name: str) -> Any:
        return self._client.get_paginator(name)

    def describe_tags(self, *, ResourceArns: list[str]) -> Any:  # noqa: N803 - boto3's own name
        if any(self._gone in arn for arn in ResourceArns):
            raise ClientError({"Error": {"Code": "LoadBalancerNotFound"}}, "DescribeTags")
        return self._client.describe_tags(ResourceArns=ResourceArns)


def _spec(kind: str, tags: Tags) -> list[Any]:
    return [{"ResourceType": kind, "Tags": _pairs(tags)}]


def _pairs(tags: Tags) -> list[Any]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
