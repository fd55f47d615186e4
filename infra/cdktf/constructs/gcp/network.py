"""A VPC, and in one region or more a subnet for all its zones, and unless it is lean, Cloud NAT and a flow log.

A subnet is neither public nor private here: a machine that has no external address leaves through NAT, or not at all
in the lean form, which costs nothing while nobody uses it.
"""

from dataclasses import dataclass
from ipaddress import IPv4Network
from itertools import combinations

from cdktf_cdktf_provider_google.compute_address import ComputeAddress
from cdktf_cdktf_provider_google.compute_network import ComputeNetwork
from cdktf_cdktf_provider_google.compute_router import ComputeRouter
from cdktf_cdktf_provider_google.compute_router_nat import (
    ComputeRouterNat,
    ComputeRouterNatLogConfig,
    ComputeRouterNatSubnetwork,
)
from cdktf_cdktf_provider_google.compute_subnetwork import (
    ComputeSubnetwork,
    ComputeSubnetworkLogConfig,
    ComputeSubnetworkSecondaryIpRange,
)
from constructs import Construct

from infra.cdktf import ids, names
from infra.cdktf.accepted import accept


@dataclass(frozen=True)
class Region:
    """The lower half of `cidr` is for machines; the upper half is two secondary ranges, for pods and for services."""

    region: str
    cidr: str
    zones: tuple[str, ...]


@dataclass(frozen=True)
class NetworkProps:
    """`name` is unique in each region, `vpc_name` in the project: a subnet is its region's, a VPC the project's.

    `region`, `cidr` and `zones` are the first region's. `others` may come and go; ranges never overlap.
    """

    name: str
    vpc_name: str
    region: str
    cidr: str
    zones: tuple[str, ...]
    lean: bool
    others: tuple[Region, ...] = ()


class Network(Construct):
    """`public_subnets` and `private_subnets` map a zone to a subnet id; `egress_cidrs` is where we call from."""

    def __init__(self, scope: Construct, id_: str, props: NetworkProps) -> None:
        super().__init__(scope, id_)
        self._props = props
        first = Region(props.region, props.cidr, props.zones)
        _check([first, *props.others])
        self._vpc = ComputeNetwork(
            self,
            ids.VPC,
            name=names.resource(props.vpc_name),
            # Without this every region would get a subnet, and the default firewall's rules with it.
            auto_create_subnetworks=False,
            routing_mode="REGIONAL",
        )
        self.vpc_id = self._vpc.id
        self.egress_cidrs: list[str] = []
        self.public_subnets: dict[str, str] = {}
        self.private_subnets: dict[str, str] = {}
        # The first region's ids say no region: they are older than the others.
        self._add(first, "")
        for region in props.others:
            self._add(region, f"-{region.region}")

    def _add(self, region: Region, suffix: str) -> None:
        subnet = self._subnet(region, suffix)
        zones = dict.fromkeys(region.zones, subnet.id)
        self.public_subnets |= zones
        self.egress_cidrs.append(region.cidr)
        if not self._props.lean:
            self.egress_cidrs.append(f"{self._way_out(region, suffix, subnet)}/32")
            self.private_subnets |= zones

    def _subnet(self, region: Region, suffix: str) -> ComputeSubnetwork:
        machines, rest = IPv4Network(region.cidr).subnets()
        pods, services = rest.subnets()
        subnet = ComputeSubnetwork(
            self,
            f"{ids.SUBNET}{suffix}",
            name=names.resource(self._props.name),
            region=region.region,
            network=self._vpc.id,
            ip_cidr_range=str(machines),
            secondary_ip_range=[
                ComputeSubnetworkSecondaryIpRange(range_name="pods", ip_cidr_range=str(pods)),
                ComputeSubnetworkSecondaryIpRange(range_name="services", ip_cidr_range=str(services)),
            ],
            # Logs and buckets are reached without an external address, and without NAT's price.
            private_ip_google_access=True,
            log_config=None
            if self._props.lean
            else ComputeSubnetworkLogConfig(
                aggregation_interval="INTERVAL_10_MIN", flow_sampling=0.5, metadata="INCLUDE_ALL_METADATA"
            ),
        )
        if self._props.lean:
            accept(
                subnet, CKV_GCP_26="The lean form costs nothing while nobody uses it, and keeps no record."
            )
        return subnet

    def _way_out(self, region: Region, suffix: str, subnet: ComputeSubnetwork) -> str:
        """The address that machines without one of their own are seen under."""
        router = ComputeRouter(
            self,
            f"{ids.ROUTER}{suffix}",
            name=names.resource(f"{self._props.name}-nat"),
            region=region.region,
            network=self._vpc.id,
        )
        address = ComputeAddress(
            self,
            f"{ids.NAT_ADDRESS}{suffix}",
            name=names.resource(f"{self._props.name}-nat"),
            region=region.region,
        )
        ComputeRouterNat(
            self,
            f"{ids.NAT_GATEWAY}{suffix}",
            name=names.resource(self._props.name),
            router=router.name,
            region=region.region,
            # An address that is ours, because instances admit the platform by it.
            nat_ip_allocate_option="MANUAL_ONLY",
            nat_ips=[address.id],
            # The address's ports by need instead of 64 for each machine, so that a pull does not run out of them.
            enable_dynamic_port_allocation=True,
            min_ports_per_vm=64,
            max_ports_per_vm=4096,
            enable_endpoint_independent_mapping=False,
            source_subnetwork_ip_ranges_to_nat="LIST_OF_SUBNETWORKS",
            subnetwork=[
                ComputeRouterNatSubnetwork(name=subnet.id, source_ip_ranges_to_nat=["ALL_IP_RANGES"])
            ],
            log_config=ComputeRouterNatLogConfig(enable=True, filter="ERRORS_ONLY"),
        )
        return address.address


def _check(regions: list[Region]) -> None:
    for one, other in combinations(regions, 2):
        if one.region == other.region or IPv4Network(one.cidr).overlaps(IPv4Network(other.cidr)):
            raise ValueError("each region of a network stands once, and ranges never overlap")
