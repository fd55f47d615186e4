"""The firewall rules of machines as a module: what holds for all of an account, and the port of one placement."""

from collections.abc import Mapping
from typing import Any

from contracts.vocabulary import Cloud
from infra.cdktf.constructs.gcp.firewall import Closed, ClosedProps, Firewall, FirewallProps
from infra.modules.gcp import common, steps
from infra.modules.recipe import Example, Given, Output, Recipe, Rule, Step, Switch
from infra.modules.tracing import Trace

_ALLOWED, _SERVICES, _SSH = ("198.51.100.0/24",), ("10.201.0.0/16",), ("192.0.2.0/24",)
_SOME = Rule(
    'length([for network in concat(var.allow_cidrs, var.service_cidrs) : network if !strcontains(network, ":")]) > 0',
    "Some list must name an IPv4 network: Google reads a rule without a source as one that admits the world.",
)


def _build(stack: Any, given: Given) -> Mapping[str, Any]:
    closed = ClosedProps(name=given["name"], vpc_id=given["vpc_id"], service_account=given["service_account"])
    Closed(stack, "closed", closed)
    firewall = Firewall(
        stack,
        "firewall",
        FirewallProps(
            name=given["name"],
            vpc_id=given["vpc_id"],
            allow_cidrs=tuple(given["allow_cidrs"]),
            service_cidrs=tuple(given["service_cidrs"]),
            ssh_cidrs=tuple(given["ssh_cidrs"]),
        ),
    )
    return {"rule_id": firewall.rule_id}


def _traces(_: Given) -> tuple[Trace, ...]:
    def sources(lists: str) -> str:
        return f'sort(distinct([for network in {lists} : network if !strcontains(network, ":")]))'

    return (
        (sorted(_ALLOWED + _SERVICES), sources("concat(var.allow_cidrs, var.service_cidrs)")),
        (list(_SSH), sources("var.ssh_cidrs")),
    )


RECIPE = Recipe(
    cloud=Cloud.GCP,
    name="firewall",
    summary="The firewall of machines: by their service account nothing in, and out by HTTP and HTTPS only; by their network "
    "tag port 11434 from listed networks, and SSH from nowhere unless networks are listed.",
    build=_build,
    variables=(
        common.name("Names the rules. It is also the network tag that machines carry.", longest=50),
        common.vpc_id(),
        common.text("service_account", "Email of the machines' service account.", ".+@.+", "an email"),
        common.sources(
            "allow_cidrs",
            "Networks of users. Machines have no IPv6 address: its networks are left out.",
            _ALLOWED,
        ),
        common.sources(
            "service_cidrs",
            "Networks of whoever watches the machines, or of a balancer's proxies.",
            _SERVICES,
            more=(_SOME,),
        ),
        common.sources(
            "ssh_cidrs", "Networks that may reach port 22; 35.235.240.0/20 is Google's own tunnel.", _SSH
        ),
    ),
    outputs=(Output("rule_id", "Id of the rule that admits callers."),),
    switches=(
        Switch(
            "length(var.ssh_cidrs) > 0", "length(var.ssh_cidrs) == 0", {"ssh_cidrs": _SSH}, {"ssh_cidrs": ()}
        ),
    ),
    traces=_traces,
    probes=(
        {
            "allow_cidrs": ("203.0.113.7/32", "2001:db8:7::/48"),
            "service_cidrs": ("203.0.113.7/32", "10.0.0.0/8"),
            "ssh_cidrs": (),
        },
        {"allow_cidrs": (), "ssh_cidrs": ("35.235.240.0/20",)},
    ),
    basic=Example("Machines that one network may use.", steps.OWN),
    advanced=Example(
        "Machines behind a balancer, whose operators come through Google's tunnel.",
        (
            steps.NETWORK,
            steps.IDENTITY,
            Step(
                "firewall",
                {
                    **steps.firewall().inputs,
                    "allow_cidrs": "[]",
                    "service_cidrs": '["130.211.0.0/22", "35.191.0.0/16"]',
                    "ssh_cidrs": '["35.235.240.0/20"]',
                },
            ),
        ),
    ),
)
