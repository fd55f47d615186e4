"""The firewall of a balancer: in from the given networks only, out to the machines' subnets only.

The way out names networks, not the machines' group: two groups that name each other can be removed by nobody who has to
take them one by one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cdktf_cdktf_provider_aws.security_group import (
    SecurityGroup,
    SecurityGroupEgress,
    SecurityGroupIngress,
    SecurityGroupTimeouts,
)
from constructs import Construct

from contracts import stack_rules
from infra.cdktf import ids


@dataclass(frozen=True)
class BalancerGroupProps:
    """`allow_cidrs` may be of IPv4 and IPv6; `to_cidrs` may be known to Terraform only."""

    name: str
    vpc_id: str
    ports: tuple[int, ...]
    allow_cidrs: tuple[str, ...]
    to_port: int
    to_cidrs: Sequence[str]


class BalancerGroup(Construct):
    """Raises ValidationError for a network as wide as the world."""

    def __init__(self, scope: Construct, id_: str, props: BalancerGroupProps) -> None:
        super().__init__(scope, id_)
        for cidr in props.allow_cidrs:
            stack_rules.not_the_world(cidr)
        group = SecurityGroup(
            self,
            ids.GROUP,
            name=props.name,
            description="FlowLlama balancer: who may ask, and which machines it asks",
            vpc_id=props.vpc_id,
            ingress=[_way_in(port, props.allow_cidrs) for port in props.ports],
            egress=[
                SecurityGroupEgress(
                    from_port=props.to_port,
                    to_port=props.to_port,
                    protocol="tcp",
                    cidr_blocks=list(props.to_cidrs),
                    description="The machines",
                )
            ],
            tags={"Name": props.name},
            # A balancer's own network interfaces stay for some minutes after it.
            timeouts=SecurityGroupTimeouts(create="5m", delete="15m"),
        )
        self.group_id = group.id


def _way_in(port: int, cidrs: tuple[str, ...]) -> SecurityGroupIngress:
    return SecurityGroupIngress(
        from_port=port,
        to_port=port,
        protocol="tcp",
        cidr_blocks=[cidr for cidr in cidrs if ":" not in cidr],
        ipv6_cidr_blocks=[cidr for cidr in cidrs if ":" in cidr],
        description="Allow-list and platform",
    )
