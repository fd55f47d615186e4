"""The network as a module: subnets by zone, and by choice lean or with one NAT gateway."""

from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Any

from contracts.vocabulary import Cloud, Nat
from infra.cdktf.constructs.aws.network import MOST_ZONES, Network, NetworkProps
from infra.modules import rules
from infra.modules.aws import common
from infra.modules.recipe import Example, Given, Loop, Output, Recipe, Step, Switch, Variable
from infra.modules.tracing import Trace

_CIDR, _ZONES = "10.64.0.0/16", ("zone-a", "zone-b")
_SLOTS = [str(slot) for slot in IPv4Network(_CIDR).subnets(prefixlen_diff=4)]


def _build(stack: Any, given: Given) -> Mapping[str, Any]:
    network = Network(
        stack,
        "network",
        NetworkProps(
            name=given["name"],
            account=common.ACCOUNT,
            region=common.REGION,
            cidr=given["cidr"],
            zones=tuple(given["zones"]),
            lean=given["lean"],
            nat=Nat(given["nat"]),
        ),
    )
    return {
        "vpc_id": network.vpc_id,
        "public_subnets": network.public_subnets,
        "private_subnets": network.private_subnets,
        "egress_cidrs": network.egress_cidrs,
    }


def _slots(index: int) -> tuple[Trace, ...]:
    at = "index(var.zones, each.key)"
    return (
        (_SLOTS[index], f"cidrsubnet(var.cidr, 4, {at})"),
        (_SLOTS[MOST_ZONES + index], f"cidrsubnet(var.cidr, 4, {MOST_ZONES} + {at})"),
    )


def _traces(_: Given) -> tuple[Trace, ...]:
    tables = ", ".join(f'aws_route_table.private["{zone}"].id' for zone in _ZONES)
    return (*common.PLACE, (f"${{tolist([{tables}])}}", "[for table in aws_route_table.private : table.id]"))


_INPUTS = {"name": '"models"', "cidr": '"10.64.0.0/16"', "zones": '["us-east-1a", "us-east-1b"]'}
_ADVANCED = {
    **_INPUTS,
    "zones": '["us-east-1a", "us-east-1b", "us-east-1c"]',
    "nat": '"one"',
    "tags": '{ team = "models" }',
}

RECIPE = Recipe(
    cloud=Cloud.AWS,
    name="network",
    summary="A VPC with public subnets and, unless it is lean, private ones behind NAT, an S3 endpoint and a flow log.",
    build=_build,
    variables=(
        common.name("Names the VPC and all in it."),
        Variable(
            "cidr",
            "string",
            "The VPC's range. Each zone gets a sixteenth of it for its public subnet, and one for its private subnet.",
            _CIDR,
            rules=rules.vpc_network("cidr"),
        ),
        Variable(
            "zones",
            "list(string)",
            "Availability zones, in an order that stays: add at the end, because a zone's place decides its ranges.",
            _ZONES,
            rules=(rules.distinct("zones", 1, MOST_ZONES),),
        ),
        common.flag(
            "lean",
            "Public subnets only: no NAT, endpoint or flow log, so nothing that costs while nobody uses it.",
        ),
        Variable(
            "nat",
            "string",
            "`per_zone`: a gateway in each zone. `one`: a single gateway for all, which costs less and fails with its zone.",
            "per_zone",
            '"per_zone"',
            (rules.one_of("nat", *Nat),),
            is_choice=True,
        ),
        common.TAGS,
    ),
    outputs=(
        Output("vpc_id", "Id of the VPC."),
        Output("public_subnets", "Ids of the public subnets by zone."),
        Output("private_subnets", "Ids of the private subnets by zone; empty for a lean network."),
        Output(
            "egress_cidrs",
            "Where calls from this network come from: its range and its NAT gateways' addresses.",
        ),
    ),
    switches=(
        Switch("var.lean", "!var.lean", {"lean": True}, {"lean": False}),
        Switch('var.nat == "one"', 'var.nat != "one"', {"nat": "one"}, {"nat": "per_zone"}),
    ),
    loop=Loop("zones", _ZONES, "zone", {zone: _slots(index) for index, zone in enumerate(_ZONES)}),
    traces=_traces,
    settled=("private_subnets", "egress_cidrs"),
    probes=(
        {"cidr": "100.64.16.0/20", "zones": ("zone-c", "zone-a", "zone-b"), "nat": "one"},
        {"cidr": "172.16.0.0/24", "zones": ("zone-b",), "lean": True},
    ),
    basic=Example("A lean network in two zones.", (Step("network", {**_INPUTS, "lean": "true"}),)),
    advanced=Example(
        "Private subnets in three zones that share one NAT gateway.", (Step("network", _ADVANCED),)
    ),
)
