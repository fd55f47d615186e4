"""Where the services run: an ECS cluster, names for those that are called, and who may talk to whom.

Three security groups: one for every task, one more for health, which calls instances wherever they are, and one for
the gateway. Nobody comes in from outside; the gateway reaches the ports of the public services and no other.
"""

from dataclasses import dataclass

from cdktf_cdktf_provider_aws.ecs_cluster import EcsCluster, EcsClusterSetting
from cdktf_cdktf_provider_aws.security_group import SecurityGroup, SecurityGroupEgress, SecurityGroupIngress
from cdktf_cdktf_provider_aws.service_discovery_private_dns_namespace import (
    ServiceDiscoveryPrivateDnsNamespace,
)
from cdktf_cdktf_provider_aws.vpc_security_group_egress_rule import VpcSecurityGroupEgressRule
from constructs import Construct

from infra.cdktf import ids
from infra.cdktf.processes import CALLED, OPEN

_HTTPS, _MONGODB, _INSTANCES = 443, 27017, 11434
_ANYWHERE = "0.0.0.0/0"  # Only ever a destination here, never a source.


@dataclass(frozen=True)
class ClusterProps:
    name: str
    domain: str
    vpc_id: str
    store_cidrs: tuple[str, ...]


class Cluster(Construct):
    def __init__(self, scope: Construct, id_: str, props: ClusterProps) -> None:
        super().__init__(scope, id_)
        self._props = props
        cluster = EcsCluster(
            self,
            ids.CLUSTER,
            name=props.name,
            setting=[EcsClusterSetting(name="containerInsights", value="enabled")],
        )
        namespace = ServiceDiscoveryPrivateDnsNamespace(
            self,
            ids.NAMESPACE,
            name=props.domain,
            description="Names of FlowLlama's services inside the VPC",
            vpc=props.vpc_id,
        )
        self.name, self.arn, self.namespace_id = cluster.name, cluster.arn, namespace.id
        gateway = self._group(ids.GATEWAY_GROUP, "gateway", "FlowLlama gateway: to the public services")
        self.gateway_group_id = gateway.id
        self.tasks_group_id = self._tasks(gateway).id
        self.health_group_id = self._group(
            ids.HEALTH_GROUP,
            "health",
            "FlowLlama health: to instances",
            egress=[_out(_INSTANCES, [_ANYWHERE], "Instances, wherever they are")],
        ).id
        self._let_gateway_in(gateway)

    def _tasks(self, gateway: SecurityGroup) -> SecurityGroup:
        among = [process.port for process in CALLED]
        return self._group(
            ids.TASKS_GROUP,
            "tasks",
            "FlowLlama services",
            ingress=[
                *(_in(process.port, f"{process.name} from the gateway", gateway.id) for process in OPEN),
                *(_in(port, "Services among themselves") for port in among),
            ],
            egress=[
                _out(_HTTPS, [_ANYWHERE], "AWS, registries and webhooks"),
                _out(_MONGODB, list(self._props.store_cidrs), "MongoDB"),
                *(_out(port, [], "Services among themselves") for port in among),
            ],
        )

    def _group(
        self,
        id_: str,
        name: str,
        description: str,
        ingress: list[SecurityGroupIngress] | None = None,
        egress: list[SecurityGroupEgress] | None = None,
    ) -> SecurityGroup:
        full = f"{self._props.name}-{name}"
        return SecurityGroup(
            self,
            id_,
            name=full,
            description=description,
            vpc_id=self._props.vpc_id,
            ingress=ingress,
            egress=egress,
            tags={"Name": full},
        )

    def _let_gateway_in(self, gateway: SecurityGroup) -> None:
        """Rules of their own: both groups name each other."""
        for process in OPEN:
            VpcSecurityGroupEgressRule(
                self,
                f"{ids.GATEWAY_RULE}-{process.name}",
                security_group_id=gateway.id,
                referenced_security_group_id=self.tasks_group_id,
                ip_protocol="tcp",
                from_port=process.port,
                to_port=process.port,
                description=process.name,
            )


def _in(port: int, description: str, group_id: str | None = None) -> SecurityGroupIngress:
    """From the group, or from tasks of the same group."""
    return SecurityGroupIngress(
        from_port=port,
        to_port=port,
        protocol="tcp",
        security_groups=[group_id] if group_id else None,
        self_attribute=None if group_id else True,
        description=description,
    )


def _out(port: int, cidrs: list[str], description: str) -> SecurityGroupEgress:
    """To the networks, or to tasks of the same group."""
    return SecurityGroupEgress(
        from_port=port,
        to_port=port,
        protocol="tcp",
        cidr_blocks=[cidr for cidr in cidrs if ":" not in cidr] or None,
        ipv6_cidr_blocks=[cidr for cidr in cidrs if ":" in cidr] or None,
        self_attribute=None if cidrs else True,
        description=description,
    )
