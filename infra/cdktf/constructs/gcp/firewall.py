"""Who reaches a placement: the networks on its list and the platform's own, on one port. SSH only where asked for.

Two layers. What holds for all instances of a network goes by their service account: nothing in, and out only what
packages and models need. Each placement then opens its own port by its own network tag, because they all share the
service account: by that, one user's list would open everybody's instances. Google allows one of the two in a rule.
"""

from dataclasses import dataclass
from typing import Any

from cdktf_cdktf_provider_google.compute_firewall import (
    ComputeFirewall,
    ComputeFirewallAllow,
    ComputeFirewallDeny,
    ComputeFirewallTimeouts,
)
from constructs import Construct

from infra.cdktf import ids, names

PORT = 11434
SSH_PORT = 22
# Where Identity-Aware Proxy's tunnels come from (Google's page "Using IAP for TCP forwarding").
IAP_RANGE = "35.235.240.0/20"
ANYWHERE = "0.0.0.0/0"  # Only ever a way out's destination, or the source of what is denied.
# Packages by http (signed) and https, models and Ollama by https. Names and time come from the metadata server,
# which no rule can close.
_WAY_OUT = (80, 443)
_PLACEMENT, _WAYS_OUT, _LAST = 1000, 60_000, 65_000


@dataclass(frozen=True)
class ClosedProps:
    """`service_account` is the email of the one that the network's instances run as."""

    name: str
    vpc_id: str
    service_account: str


class Closed(Construct):
    """The rules of all instances of a network."""

    def __init__(self, scope: Construct, id_: str, props: ClosedProps) -> None:
        super().__init__(scope, id_)
        self._props = props
        everything = [ComputeFirewallDeny(protocol="all")]
        web = ComputeFirewallAllow(protocol="tcp", ports=[str(port) for port in _WAY_OUT])
        self._rule(
            ids.NOTHING_IN, direction="INGRESS", priority=_LAST, source_ranges=[ANYWHERE], deny=everything
        )
        self._rule(
            ids.WAYS_OUT, direction="EGRESS", priority=_WAYS_OUT, destination_ranges=[ANYWHERE], allow=[web]
        )
        self._rule(
            ids.NOTHING_OUT,
            direction="EGRESS",
            priority=_LAST,
            destination_ranges=[ANYWHERE],
            deny=everything,
        )

    def _rule(self, id_: str, **what: Any) -> None:
        ComputeFirewall(
            self,
            id_,
            name=names.resource(f"{self._props.name}-{id_}"),
            network=self._props.vpc_id,
            target_service_accounts=[self._props.service_account],
            **what,
        )


@dataclass(frozen=True)
class FirewallProps:
    """`name` is the placement's, and the network tag of its machines.

    No stack fills `ssh_cidrs`. For Google's own tunnel, which asks who the caller is, it is `IAP_RANGE`; OS Login
    decides who may log in.
    """

    name: str
    vpc_id: str
    allow_cidrs: tuple[str, ...]
    service_cidrs: tuple[str, ...]
    ssh_cidrs: tuple[str, ...] = ()


class Firewall(Construct):
    """The one port of one placement."""

    def __init__(self, scope: Construct, id_: str, props: FirewallProps) -> None:
        super().__init__(scope, id_)
        self._props = props
        what = "FlowLlama placement: Ollama behind TLS and a token"
        rule = self._rule(ids.GROUP, props.name, what, PORT, props.allow_cidrs + props.service_cidrs)
        if props.ssh_cidrs:
            self._rule(ids.SSH, f"{props.name}-ssh", "FlowLlama placement: SSH", SSH_PORT, props.ssh_cidrs)
        self.rule_id = rule.id

    def _rule(self, id_: str, name: str, what: str, port: int, cidrs: tuple[str, ...]) -> ComputeFirewall:
        sources = sorted({cidr for cidr in cidrs if ":" not in cidr})
        if not sources or any(source.endswith("/0") for source in sources):
            # Google reads a rule without a source as one that admits the world.
            raise ValueError("a rule needs at least one IPv4 network, and never the world")
        return ComputeFirewall(
            self,
            id_,
            name=names.resource(name),
            description=what,
            network=self._props.vpc_id,
            direction="INGRESS",
            priority=_PLACEMENT,
            source_ranges=sources,
            target_tags=[self._props.name],
            allow=[ComputeFirewallAllow(protocol="tcp", ports=[str(port)])],
            timeouts=ComputeFirewallTimeouts(create="5m", delete="10m"),
        )
