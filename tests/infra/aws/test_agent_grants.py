"""The agent touches what carries this environment's tags, hands on one role, and knows no way to more."""

from fnmatch import fnmatch
from typing import Any

import pytest

from infra.cdktf import names
from tests.infra.aws.conftest import Build

OURS = {"managed-by": "flowllama", "flowllama-environment": "test"}
KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-1111-1111-1111-111111111111"
INSTANCE = "arn:aws:ec2:us-west-2:123456789012:instance/i-1"
GROUP = "arn:aws:ec2:us-west-2:123456789012:security-group/sg-1"


@pytest.fixture(scope="module")
def may(build: Build) -> list[dict[str, Any]]:
    # The build fixture loads the bindings sparingly, which has to come first.
    from infra.cdktf.constructs.aws.agent_grants import AgentReach, agent_grants, balanced_grants

    reach = AgentReach("123456789012", "us-east-1", "test", "arn:aws:s3:::states", KEY, ("Z0123456789",))
    return [grant.statement() for grant in (*agent_grants(reach), *balanced_grants(reach))]


def allowed(may: list[dict[str, Any]], action: str, resource: str, **context: str) -> bool:
    """As IAM decides, for the few operators that these statements have. `context` keys have no colon in them."""
    return any(
        action in _list(one["Action"])
        and any(fnmatch(resource, pattern) for pattern in _list(one["Resource"]))
        and _holds(one.get("Condition", {}), context)
        for one in may
    )


def _holds(conditions: dict[str, dict[str, Any]], context: dict[str, str]) -> bool:
    return all(
        operator in ("StringEquals", "StringLike", "ForAllValues:StringEquals", "ForAllValues:StringLike")
        and any(fnmatch(context.get(key, ""), pattern) for pattern in _list(wanted))
        for operator, tests in conditions.items()
        for key, wanted in tests.items()
    )


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def tagged(kind: str, **changes: str) -> dict[str, str]:
    """Tags in a request (`Request`) or on a thing (`Resource`)."""
    return {f"aws:{kind}Tag/{name}": value for name, value in {**OURS, **changes}.items()}


ENDS = [
    ("ec2:TerminateInstances", INSTANCE),
    ("ec2:DeleteVolume", "arn:aws:ec2:us-west-2:123456789012:volume/vol-1"),
    ("ec2:DeleteSecurityGroup", GROUP),
    (
        "autoscaling:DeleteAutoScalingGroup",
        "arn:aws:autoscaling:us-west-2:123456789012:autoScalingGroup:1:autoScalingGroupName/flowllama-a",
    ),
    (
        "elasticloadbalancing:DeleteLoadBalancer",
        "arn:aws:elasticloadbalancing:us-west-2:123456789012:loadbalancer/app/a/1",
    ),
]


@pytest.mark.parametrize(("action", "resource"), ENDS)
def test_it_ends_only_what_carries_our_tags(may: Any, action: str, resource: str) -> None:
    assert allowed(may, action, resource, **tagged("Resource"))
    assert not allowed(may, action, resource)
    assert not allowed(may, action, resource, **tagged("Resource", **{"managed-by": "somebody"}))
    assert not allowed(may, action, resource, **tagged("Resource", **{"flowllama-environment": "other"}))
    assert not allowed(may, action, resource.replace("123456789012", "999999999999"), **tagged("Resource"))


def test_it_starts_only_machines_that_are_marked_from_the_first_moment(may: Any) -> None:
    assert allowed(may, "ec2:RunInstances", INSTANCE, **tagged("Request"))
    assert not allowed(may, "ec2:RunInstances", INSTANCE)
    assert not allowed(
        may, "ec2:RunInstances", INSTANCE, **tagged("Request", **{"flowllama-environment": "x"})
    )


def test_machines_go_behind_groups_and_into_networks_of_ours(may: Any) -> None:
    subnet = "arn:aws:ec2:us-west-2:123456789012:subnet/subnet-1"
    for thing in (subnet, GROUP):
        assert allowed(may, "ec2:RunInstances", thing, **tagged("Resource"))
        assert not allowed(may, "ec2:RunInstances", thing)


def test_it_can_not_mark_what_is_not_ours(may: Any) -> None:
    born = {"ec2:CreateAction": "RunInstances"}

    assert allowed(may, "ec2:CreateTags", INSTANCE, **born)
    assert allowed(may, "ec2:CreateTags", INSTANCE, **tagged("Resource"))
    assert not allowed(may, "ec2:CreateTags", INSTANCE, **tagged("Request"))
    foreign = "arn:aws:autoscaling:us-west-2:123456789012:autoScalingGroup:1:autoScalingGroupName/theirs"
    assert not allowed(may, "autoscaling:CreateOrUpdateTags", foreign, **tagged("Request"))


def test_it_may_mark_whatever_a_template_of_ours_marks(may: Any, build: Build) -> None:
    """AWS tries a template with the rights of who makes a group of it, and refuses the group where one is missing."""
    from infra.cdktf.constructs.aws.template import _TAGGED

    for kind in _TAGGED:
        thing = f"arn:aws:ec2:us-west-2:123456789012:{kind}/new"
        assert allowed(may, "ec2:CreateTags", thing, **{"ec2:CreateAction": "RunInstances"}), kind


def test_it_makes_the_first_balancer_of_an_account(may: Any) -> None:
    """Then, and only then, AWS asks these in the name of who makes it."""
    linked = "arn:aws:iam::123456789012:role/aws-service-role/elasticloadbalancing.amazonaws.com/AWSServiceRoleForElasticLoadBalancing"

    for asked in ("DescribeAccountAttributes", "DescribeInternetGateways"):
        assert allowed(may, f"ec2:{asked}", "*"), asked
    assert allowed(
        may,
        "iam:CreateServiceLinkedRole",
        linked,
        **{"iam:AWSServiceName": "elasticloadbalancing.amazonaws.com"},
    )


def test_it_hands_on_the_role_of_instances_to_ec2_alone(may: Any) -> None:
    def passes(role: str, to: str = "ec2.amazonaws.com") -> bool:
        arn = f"arn:aws:iam::123456789012:role/{role}"
        return allowed(may, "iam:PassRole", arn, **{"iam:PassedToService": to})

    assert passes("flowllama-test-main-us-east-1")
    assert not passes("flowllama-test-main-us-east-1", to="lambda.amazonaws.com")
    assert not passes("flowllama/services/test-us-east-1-agent-task"), "least of all its own"
    assert not passes("Administrator")


def test_it_keeps_the_states_of_placements_and_reads_no_other(may: Any) -> None:
    assert allowed(may, "s3:PutObject", "arn:aws:s3:::states/placements/dep_1-1/1.tfstate.tflock")
    assert not allowed(may, "s3:GetObject", "arn:aws:s3:::states/platforms/us-east-1.tfstate")
    assert not allowed(may, "s3:ListBucket", "arn:aws:s3:::states", **{"s3:prefix": "networks/"})


def test_it_writes_addresses_into_the_zones_of_placements(may: Any) -> None:
    change = "route53:ChangeResourceRecordSets"
    kind, name = f"{change}RecordTypes", f"{change}NormalizedRecordNames"
    zone = "arn:aws:route53:::hostedzone/Z0123456789"
    ours = {kind: "A", name: names.host("dep_01k00000000000000000000000-1", "models.example.com")}

    assert allowed(may, change, zone, **ours)
    assert not allowed(may, change, zone, **{**ours, kind: "MX"})
    assert not allowed(may, change, zone, **{**ours, name: "api.example.com"}), "somebody's site"
    assert not allowed(may, change, zone + "0", **ours)


def test_it_makes_no_role_no_user_and_no_policy(may: Any) -> None:
    actions = {action for one in may for action in _list(one["Action"])}

    assert {action for action in actions if action.startswith("iam:")} == {
        "iam:PassRole",
        "iam:CreateServiceLinkedRole",
    }
    assert not any("*" in action for action in actions)


def test_only_what_knows_no_resource_is_granted_on_all(may: Any) -> None:
    for one in may:
        if "*" in _list(one["Resource"]):
            assert all(action.partition(":")[2].startswith("Describe") for action in _list(one["Action"]))
