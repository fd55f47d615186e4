"""The firewall of machines as a module."""

from collections.abc import Mapping
from typing import Any

from contracts.vocabulary import Cloud
from infra.cdktf.constructs.aws.firewall import Firewall, FirewallProps
from infra.modules.aws import common, steps
from infra.modules.recipe import Example, Given, Output, Recipe, Rule, Step, Switch, Variable
from infra.modules.tracing import Trace

_SERVICES, _SSH = ("10.201.0.0/16", "2001:db8:b::/48"), ("192.0.2.0/24", "2001:db8:c::/48")
_OWN = "setsubtract(var.service_cidrs, var.allow_cidrs)"
_ONE_OF_TWO = Rule(
    "var.balancer_group_id == null || length(var.allow_cidrs) == 0",
    "Behind a balancer it is the balancer that admits the allow-list.",
)


def _build(stack: Any, given: Given) -> Mapping[str, Any]:
    firewall = Firewall(
        stack,
        "firewall",
        FirewallProps(
            name=given["name"],
            vpc_id=given["vpc_id"],
            allow_cidrs=tuple(given["allow_cidrs"]),
            service_cidrs=tuple(given["service_cidrs"]),
            balancer_group_id=given["balancer_group_id"],
            ssh_cidrs=tuple(given["ssh_cidrs"]),
        ),
    )
    return {"group_id": firewall.group_id}


def _traces(_: Given) -> tuple[Trace, ...]:
    # EC2 refuses the same rule twice, so what is on both lists is the allow-list's alone.
    v4, v6 = common.by_family("service_cidrs", _SERVICES)
    return (
        *common.by_family("allow_cidrs", common.ALLOWED),
        (v4[0], v4[1].replace("var.service_cidrs", _OWN)),
        (v6[0], v6[1].replace("var.service_cidrs", _OWN)),
        *common.by_family("ssh_cidrs", _SSH),
    )


def _given_or_not(variable: str, sample: tuple[str, ...], expression: str | None = None) -> Switch:
    length = f"length({expression or f'var.{variable}'})"
    return Switch(f"{length} > 0", f"{length} == 0", {variable: sample}, {variable: ()})


RECIPE = Recipe(
    cloud=Cloud.AWS,
    name="firewall",
    summary="The security group of machines: port 11434 from listed networks or from a balancer, SSH from nowhere unless "
    "networks are listed, and out by HTTP and HTTPS.",
    build=_build,
    variables=(
        common.name("Name of the group, unique in the VPC.", longest=64),
        common.vpc_id(),
        common.sources("allow_cidrs", "Networks of users. Empty behind a balancer.", common.ALLOWED),
        common.sources("service_cidrs", "Networks of whoever watches the machines.", _SERVICES),
        common.sources("ssh_cidrs", "Networks that may reach port 22.", _SSH),
        Variable(
            "balancer_group_id",
            "string",
            "Security group of the balancer that stands before the machines.",
            "sample-balancer-group",
            "null",
            (_ONE_OF_TWO,),
        ),
        common.TAGS,
    ),
    outputs=(Output("group_id", "Id of the security group."),),
    switches=(
        _given_or_not("allow_cidrs", common.ALLOWED),
        Switch(
            "var.balancer_group_id != null",
            "var.balancer_group_id == null",
            {"balancer_group_id": "sample-balancer-group", "allow_cidrs": ()},
            {"balancer_group_id": None},
        ),
        _given_or_not("service_cidrs", _SERVICES, _OWN),
        _given_or_not("ssh_cidrs", _SSH),
    ),
    traces=_traces,
    # A rule excludes both at once.
    plainer={"length(var.allow_cidrs) > 0 && var.balancer_group_id == null": "length(var.allow_cidrs) > 0"},
    accepted={
        "aws_security_group.this": {
            "CKV2_AWS_5": "It is attached to machines, which are outside of this module."
        }
    },
    probes=(
        {"service_cidrs": (), "ssh_cidrs": (), "allow_cidrs": ("203.0.113.7/32",), "balancer_group_id": None},
        {
            "service_cidrs": ("203.0.113.7/32", "10.0.0.0/8"),
            "allow_cidrs": ("203.0.113.7/32",),
            "balancer_group_id": None,
        },
        {"allow_cidrs": (), "balancer_group_id": "sg-1"},
    ),
    basic=Example(
        "Machines that one network may use.",
        (
            steps.NETWORK,
            Step(
                "firewall",
                {"name": '"models"', "vpc_id": "module.network.vpc_id", "allow_cidrs": '["203.0.113.0/24"]'},
            ),
        ),
    ),
    advanced=Example(
        "A group of machines and one for their operators, who come by SSH.",
        (
            steps.NETWORK,
            Step(
                "firewall",
                {
                    "name": '"models"',
                    "vpc_id": "module.network.vpc_id",
                    "allow_cidrs": '["203.0.113.0/24", "2001:db8:7::/48"]',
                    "service_cidrs": "module.network.egress_cidrs",
                    "ssh_cidrs": '["198.51.100.7/32"]',
                    "tags": '{ team = "models" }',
                },
            ),
        ),
    ),
)
