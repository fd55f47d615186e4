"""Where the services may call to: the rules of their network tags. Nobody calls them here; they have no address in the VPC.

The tags hold for what Cloud Run sends into the VPC. Rules by service account would not: Cloud Run's traffic has none.
"""

from dataclasses import dataclass
from typing import Any

from cdktf_cdktf_provider_google.compute_firewall import (
    ComputeFirewall,
    ComputeFirewallAllow,
    ComputeFirewallDeny,
)
from constructs import Construct

from infra.cdktf import ids, names
from infra.cdktf.constructs.gcp.firewall import ANYWHERE
from infra.cdktf.constructs.gcp.firewall import PORT as INSTANCES

_HTTPS, _MONGODB = 443, 27017
_ALLOWED, _LAST = 1000, 65_000


@dataclass(frozen=True)
class EgressProps:
    """`store_cidrs` is where MongoDB listens."""

    name: str
    vpc_id: str
    store_cidrs: tuple[str, ...]


class Egress(Construct):
    """`tag` is for every process, `health_tag` for the one more that calls instances."""

    def __init__(self, scope: Construct, id_: str, props: EgressProps) -> None:
        super().__init__(scope, id_)
        self._props = props
        self.tag, self.health_tag = f"{props.name}-services", f"{props.name}-health"
        self._allow("web", "Google, registries and webhooks", self.tag, _HTTPS, [ANYWHERE])
        # The subnet has IPv4 only.
        store = sorted(cidr for cidr in props.store_cidrs if ":" not in cidr)
        if store:
            self._allow("store", "MongoDB", self.tag, _MONGODB, store)
        self._allow("instances", "Instances, wherever they are", self.health_tag, INSTANCES, [ANYWHERE])
        self._rule(
            ids.NOTHING_OUT,
            "Nothing else",
            self.tag,
            priority=_LAST,
            destination_ranges=[ANYWHERE],
            deny=[ComputeFirewallDeny(protocol="all")],
        )

    def _allow(self, id_: str, what: str, tag: str, port: int, destinations: list[str]) -> None:
        allowed = [ComputeFirewallAllow(protocol="tcp", ports=[str(port)])]
        self._rule(id_, what, tag, priority=_ALLOWED, destination_ranges=destinations, allow=allowed)

    def _rule(self, id_: str, what: str, tag: str, **how: Any) -> None:
        ComputeFirewall(
            self,
            id_,
            name=names.resource(f"{self._props.name}-services-{id_}"),
            description=f"FlowLlama services: {what}",
            network=self._props.vpc_id,
            direction="EGRESS",
            target_tags=[tag],
            **how,
        )
