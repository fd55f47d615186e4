"""Who reaches a placement's machines, on one port: the networks on its list and the platform's own, or its balancer.

There is no SSH unless networks for it are named.
"""

from dataclasses import dataclass

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.security_group import (
    SecurityGroup,
    SecurityGroupEgress,
    SecurityGroupIngress,
    SecurityGroupTimeouts,
)
from constructs import Construct

from contracts import stack_rules
from infra.cdktf import ids

PORT = 11434
SSH_PORT = 22
# Packages by http (signed) and https, models and Ollama by https. Names and time come from the VPC's own services.
_WAY_OUT = (80, 443)


@dataclass(frozen=True)
class FirewallProps:
    """`name` says the environment and the placement. Behind a balancer nobody but it and the platform has a way in."""

    name: str
    vpc_id: str
    allow_cidrs: tuple[str, ...]
    service_cidrs: tuple[str, ...]
    balancer_group_id: str | None = None
    ssh_cidrs: tuple[str, ...] = ()


class Firewall(Construct):
    """Raises ValidationError for a network as wide as the world, ValueError for a list that a balancer already keeps."""

    def __init__(self, scope: Construct, id_: str, props: FirewallProps) -> None:
        super().__init__(scope, id_)
        for cidr in (*props.allow_cidrs, *props.service_cidrs, *props.ssh_cidrs):
            stack_rules.not_the_world(cidr)
        if props.balancer_group_id and props.allow_cidrs:
            raise ValueError("Behind a balancer it is the balancer that admits the allow-list.")
        group = SecurityGroup(
            self,
            ids.GROUP,
            # The name is the placement's, so a second group for the same placement collides instead of doubling.
            name=props.name,
            description="FlowLlama placement: Ollama behind TLS and a token",
            vpc_id=props.vpc_id,
            ingress=_ways_in(props),
            egress=[
                SecurityGroupEgress(
                    from_port=port,
                    to_port=port,
                    protocol="tcp",
                    cidr_blocks=["0.0.0.0/0"],
                    ipv6_cidr_blocks=["::/0"],
                    description="Packages and models",
                )
                for port in _WAY_OUT
            ],
            tags={"Name": props.name},
            timeouts=SecurityGroupTimeouts(create="5m", delete="10m"),
            # Another name would be another group, and the machines that use this one would have to go first.
            lifecycle=TerraformResourceLifecycle(ignore_changes=["name"]),
        )
        self.group_id = group.id


def _ways_in(props: FirewallProps) -> list[SecurityGroupIngress]:
    # EC2 refuses the same rule twice, whatever the descriptions say; a user may list the platform's own network.
    platform = tuple(cidr for cidr in props.service_cidrs if cidr not in props.allow_cidrs)
    named = (
        ("Allow-list", PORT, props.allow_cidrs),
        ("Platform", PORT, platform),
        ("SSH", SSH_PORT, props.ssh_cidrs),
    )
    ways = [_way_in(description, port, cidrs) for description, port, cidrs in named if cidrs]
    return [*ways, _from_balancer(props.balancer_group_id)] if props.balancer_group_id else ways


def _way_in(description: str, port: int, cidrs: tuple[str, ...]) -> SecurityGroupIngress:
    return SecurityGroupIngress(
        from_port=port,
        to_port=port,
        protocol="tcp",
        cidr_blocks=[cidr for cidr in cidrs if ":" not in cidr],
        ipv6_cidr_blocks=[cidr for cidr in cidrs if ":" in cidr],
        description=description,
    )


def _from_balancer(group_id: str) -> SecurityGroupIngress:
    return SecurityGroupIngress(
        from_port=PORT, to_port=PORT, protocol="tcp", security_groups=[group_id], description="Balancer"
    )
