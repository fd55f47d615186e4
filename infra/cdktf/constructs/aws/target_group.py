"""The machines that a balancer sends to, and how it finds out which of them are fit."""

from dataclasses import dataclass
from enum import StrEnum

from cdktf_cdktf_provider_aws.lb_target_group import LbTargetGroup, LbTargetGroupHealthCheck
from constructs import Construct

# How long a machine that leaves may finish what it answers.
DRAIN_S = 300
HEALTH_PATH = "/api/tags"


class Protocol(StrEnum):
    """HTTPS is an application balancer's, the others a network balancer's."""

    HTTPS = "HTTPS"
    TCP = "TCP"
    TLS = "TLS"


@dataclass(frozen=True)
class TargetGroupProps:
    """`name` has at most 32 characters. The check takes 200 only, by HTTPS, from any certificate and without a token."""

    name: str
    vpc_id: str
    port: int
    protocol: Protocol = Protocol.HTTPS
    health_path: str = HEALTH_PATH
    drain_s: int = DRAIN_S


def target_group(scope: Construct, id_: str, props: TargetGroupProps) -> LbTargetGroup:
    application = props.protocol is Protocol.HTTPS
    return LbTargetGroup(
        scope,
        id_,
        name=props.name,
        vpc_id=props.vpc_id,
        port=props.port,
        protocol=props.protocol.value,
        target_type="instance",
        # Answers differ in length a hundredfold: by turns, the long ones would meet on one machine.
        load_balancing_algorithm_type="least_outstanding_requests" if application else None,
        load_balancing_cross_zone_enabled="true",
        deregistration_delay=str(props.drain_s),
        health_check=LbTargetGroupHealthCheck(
            enabled=True,
            protocol="HTTPS",
            port="traffic-port",
            path=props.health_path,
            # A network balancer has no say in this, but takes the same.
            matcher="200",
            interval=15,
            timeout=10,
            healthy_threshold=2,
            # A minute and a half, because who fails is also replaced, and that costs a whole boot.
            unhealthy_threshold=6,
        ),
        tags={"Name": props.name},
    )
