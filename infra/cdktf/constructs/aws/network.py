"""A VPC with public subnets, and unless it is lean, private ones behind NAT, an S3 endpoint and a flow log.

The lean form is for a local cloud and for trials: it comes up in seconds and costs nothing while nobody uses it.
"""

from dataclasses import dataclass
from ipaddress import IPv4Network

from cdktf import Fn
from cdktf_cdktf_provider_aws.default_security_group import DefaultSecurityGroup
from cdktf_cdktf_provider_aws.eip import Eip
from cdktf_cdktf_provider_aws.internet_gateway import InternetGateway
from cdktf_cdktf_provider_aws.nat_gateway import NatGateway
from cdktf_cdktf_provider_aws.route_table import RouteTable, RouteTableRoute
from cdktf_cdktf_provider_aws.route_table_association import RouteTableAssociation
from cdktf_cdktf_provider_aws.subnet import Subnet
from cdktf_cdktf_provider_aws.vpc import Vpc
from cdktf_cdktf_provider_aws.vpc_endpoint import VpcEndpoint
from constructs import Construct

from contracts.vocabulary import Nat
from infra.cdktf import ids
from infra.cdktf.accepted import accept
from infra.cdktf.constructs.aws.flow_log import VpcFlowLog, VpcFlowLogProps

ANYWHERE = "0.0.0.0/0"  # Only ever a route's destination here, never a firewall's source.
MOST_ZONES = 8  # Half of sixteen slots: public subnets take the first eight, private ones the rest.


@dataclass(frozen=True)
class NetworkProps:
    name: str
    account: str
    region: str
    cidr: str
    zones: tuple[str, ...]
    lean: bool
    nat: Nat = Nat.PER_ZONE


class Network(Construct):
    """`public_subnets` and `private_subnets` map a zone to a subnet id; `egress_cidrs` is where we call from."""

    def __init__(self, scope: Construct, id_: str, props: NetworkProps) -> None:
        super().__init__(scope, id_)
        self._props = props
        self._slots = list(IPv4Network(props.cidr).subnets(prefixlen_diff=4))
        self._vpc = Vpc(
            self,
            ids.VPC,
            cidr_block=props.cidr,
            enable_dns_support=True,
            # Nothing calls an instance by its EC2 name, and Terraform waits ten seconds for this to settle.
            enable_dns_hostnames=None if props.lean else True,
            tags={"Name": props.name},
        )
        if props.lean:
            accept(
                self._vpc,
                CKV2_AWS_11="The lean form costs nothing while nobody uses it, and keeps no record.",
            )
        # Adopting the default group without rules closes it: nothing may rely on it by accident.
        DefaultSecurityGroup(self, ids.DEFAULT_GROUP, vpc_id=self._vpc.id)
        self.egress_cidrs = [props.cidr]
        public = self._public_side()
        private = {} if props.lean else self._private_side(public)
        self.vpc_id = self._vpc.id
        self.public_subnets = {zone: subnet.id for zone, subnet in public.items()}
        self.private_subnets = {zone: subnet.id for zone, subnet in private.items()}

    def _public_side(self) -> dict[str, Subnet]:
        self._internet = gateway = InternetGateway(
            self, ids.INTERNET_GATEWAY, vpc_id=self._vpc.id, tags={"Name": self._props.name}
        )
        routes = RouteTable(
            self,
            ids.PUBLIC_ROUTES,
            vpc_id=self._vpc.id,
            route=[RouteTableRoute(cidr_block=ANYWHERE, gateway_id=gateway.id)],
            tags={"Name": f"{self._props.name}-public"},
        )
        return {
            zone: self._subnet(ids.PUBLIC_SUBNET, zone, self._slots[index], routes)
            for index, zone in enumerate(self._props.zones)
        }

    def _private_side(self, public: dict[str, Subnet]) -> dict[str, Subnet]:
        props = self._props
        log = VpcFlowLogProps(props.name, props.account, props.region, self._vpc.id)
        VpcFlowLog(self, ids.FLOW_LOG, log)
        zones = list(public)
        # One gateway a zone: a zone that fails takes no other zone's way out with it. A single one is the first zone's.
        gateways = {zone: self._gateway(zone, public[zone]) for zone in self._gateway_zones()}
        tables = {zone: self._private_routes(zone, gateways.get(zone, gateways[zones[0]])) for zone in zones}
        self._s3_endpoint([table.id for table in tables.values()])
        return {
            zone: self._subnet(ids.PRIVATE_SUBNET, zone, self._slots[MOST_ZONES + index], tables[zone])
            for index, zone in enumerate(zones)
        }

    def _gateway_zones(self) -> tuple[str, ...]:
        return self._props.zones if self._props.nat is Nat.PER_ZONE else self._props.zones[:1]

    def _gateway(self, zone: str, subnet: Subnet) -> NatGateway:
        name = {"Name": f"{self._props.name}-{zone}"}
        # A NAT gateway in a network that has no way out yet fails, and a network with addresses keeps its way out.
        after = [self._internet]
        address = Eip(self, f"{ids.NAT_ADDRESS}-{zone}", domain="vpc", tags=name, depends_on=after)
        self.egress_cidrs.append(f"{address.public_ip}/32")
        return NatGateway(
            self,
            f"{ids.NAT_GATEWAY}-{zone}",
            allocation_id=address.id,
            subnet_id=subnet.id,
            tags=name,
            depends_on=after,
        )

    def _private_routes(self, zone: str, gateway: NatGateway) -> RouteTable:
        return RouteTable(
            self,
            f"{ids.PRIVATE_ROUTES}-{zone}",
            vpc_id=self._vpc.id,
            route=[RouteTableRoute(cidr_block=ANYWHERE, nat_gateway_id=gateway.id)],
            tags={"Name": f"{self._props.name}-private-{zone}"},
        )

    def _subnet(self, kind: str, zone: str, cidr: IPv4Network, routes: RouteTable) -> Subnet:
        subnet = Subnet(
            self,
            f"{kind}-{zone}",
            vpc_id=self._vpc.id,
            cidr_block=str(cidr),
            availability_zone=zone,
            # A placement asks for its public address itself; nothing gets one by lying in the subnet.
            map_public_ip_on_launch=False,
            tags={"Name": f"{self._props.name}-{kind}-{zone}"},
        )
        RouteTableAssociation(
            self, f"{kind}-{ids.ASSOCIATION}-{zone}", subnet_id=subnet.id, route_table_id=routes.id
        )
        return subnet

    def _s3_endpoint(self, tables: list[str]) -> None:
        VpcEndpoint(
            self,
            ids.S3_ENDPOINT,
            vpc_id=self._vpc.id,
            service_name=f"com.amazonaws.{self._props.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=Fn.tolist(tables),
            tags={"Name": f"{self._props.name}-s3"},
        )
