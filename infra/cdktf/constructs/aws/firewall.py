"""Who reaches a placement: the networks on its list and the platform's own, on one port. There is no SSH."""

from dataclasses import dataclass

from cdktf_cdktf_provider_aws.security_group import (
    SecurityGroup,
    SecurityGroupEgress,
    SecurityGroupIngress,
    SecurityGroupTimeouts,
)
from constructs import Construct

from infra.cdktf import ids

PORT = 11434
# Packages by http (signed) and https, models and Ollama by https. Names and time come from the VPC's own services.
_WAY_OUT = (80, 443)


@dataclass(frozen=True)
class FirewallProps:
    name: str
    vpc_id: str
    allow_cidrs: tuple[str, ...]
    service_cidrs: tuple[str, ...]


class Firewall(Construct):
    def __init__(self, scope: Construct, id_: str, props: FirewallProps) -> None:
        super().__init__(scope, id_)
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
        )
        self.group_id = group.id


def _ways_in(props: FirewallProps) -> list[SecurityGroupIngress]:
    # EC2 refuses the same rule twice, whatever the descriptions say; a user may list the platform's own network.
    platform = tuple(cidr for cidr in props.service_cidrs if cidr not in props.allow_cidrs)
    named = (("Allow-list", props.allow_cidrs), ("Platform", platform))
    return [_way_in(description, cidrs) for description, cidrs in named if cidrs]


def _way_in(description: str, cidrs: tuple[str, ...]) -> SecurityGroupIngress:
    return SecurityGroupIngress(
        from_port=PORT,
        to_port=PORT,
        protocol="tcp",
        cidr_blocks=[cidr for cidr in cidrs if ":" not in cidr],
        ipv6_cidr_blocks=[cidr for cidr in cidrs if ":" in cidr],
        description=description,
    )
