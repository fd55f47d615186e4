"""The network on Google Cloud as a module."""

from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Any

from contracts.vocabulary import Cloud
from infra.cdktf.constructs.gcp.network import Network, NetworkProps
from infra.modules import rules
from infra.modules.gcp import common, steps
from infra.modules.recipe import Example, Given, Loop, Output, Recipe, Step, Switch, Variable
from infra.modules.tracing import Trace

_CIDR, _ZONES = "10.64.0.0/16", ("zone-a", "zone-b")


def _build(stack: Any, given: Given) -> Mapping[str, Any]:
    network = Network(
        stack,
        "network",
        NetworkProps(
            name=given["name"],
            vpc_name=f"{given['name']}-{given['region']}",
            region=given["region"],
            cidr=given["cidr"],
            zones=tuple(given["zones"]),
            lean=given["lean"],
        ),
    )
    return {
        "vpc_id": network.vpc_id,
        "public_subnets": network.public_subnets,
        "private_subnets": network.private_subnets,
        "egress_cidrs": network.egress_cidrs,
    }


def _traces(given: Given) -> tuple[Trace, ...]:
    machines, rest = IPv4Network(given["cidr"]).subnets()
    pods, services = rest.subnets()
    return (
        (str(machines), "cidrsubnet(var.cidr, 1, 0)"),
        (str(pods), "cidrsubnet(var.cidr, 2, 2)"),
        (str(services), "cidrsubnet(var.cidr, 2, 3)"),
    )


RECIPE = Recipe(
    cloud=Cloud.GCP,
    name="network",
    summary="A VPC of one region with a subnet for all its zones and, unless it is lean, Cloud NAT under an address of its "
    "own and a flow log.",
    build=_build,
    variables=(
        common.name("Names the VPC, with the region behind it, and all in it.", longest=32),
        common.region(),
        Variable(
            "cidr",
            "string",
            "The range: its lower half is for machines, a quarter each for the ranges `pods` and `services`.",
            _CIDR,
            rules=rules.vpc_network("cidr"),
        ),
        common.zones(_ZONES),
        Variable(
            "lean",
            "bool",
            "No NAT and no flow log, so nothing that costs while nobody uses it.",
            False,
            "false",
        ),
        common.LABELS,
    ),
    outputs=(
        Output("vpc_id", "Id of the VPC."),
        Output("public_subnets", "The subnet's id under each zone."),
        Output(
            "private_subnets", "The same; empty for a lean network, where nothing leaves without an address."
        ),
        Output(
            "egress_cidrs", "Where calls from this network come from: its own range and its NAT's address."
        ),
    ),
    switches=(Switch("var.lean", "!var.lean", {"lean": True}, {"lean": False}),),
    loop=Loop("zones", _ZONES, "zone"),
    traces=_traces,
    accepted={
        "google_compute_network.this": {
            "CKV2_GCP_18": "Its rules are another module; a network of this kind has none by default."
        }
    },
    probes=(
        {"cidr": "100.64.16.0/20", "zones": ("us-central1-a", "us-central1-b", "us-central1-c")},
        {"cidr": "172.16.0.0/24", "zones": ("europe-west4-a",), "region": "europe-west4", "lean": True},
    ),
    basic=Example("A lean network in two zones.", (steps.NETWORK,)),
    advanced=Example(
        "A network whose machines need no address of their own.",
        (Step("network", {**steps.NETWORK.inputs, "lean": "false"}),),
    ),
)
