"""A network balancer before a group of machines: connections, not requests, and one fixed address in each zone.

Passed on as they are (TCP), connections show the machine's own certificate and the caller's address. Or the balancer ends
TLS with a certificate of ACM's and opens another to the machine (TLS). It counts no requests, so a group behind it can
only be scaled by its CPU.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cdktf_cdktf_provider_aws.lb import Lb, LbTimeouts
from cdktf_cdktf_provider_aws.lb_listener import LbListener, LbListenerDefaultAction
from constructs import Construct

from infra.cdktf import ids
from infra.cdktf.accepted import accept
from infra.cdktf.constructs.aws.balancer import TLS_POLICY
from infra.cdktf.constructs.aws.balancer_group import BalancerGroup, BalancerGroupProps
from infra.cdktf.constructs.aws.target_group import HEALTH_PATH, Protocol, TargetGroupProps, target_group

# A connection may be silent while an answer is reckoned; AWS takes up to 6000 for TCP, and for TLS no other than 350.
_SILENT_S = 3600


@dataclass(frozen=True)
class NetworkBalancerProps:
    """`name` has at most 32 characters, no underscore. With a `certificate` it ends TLS, without it passes it on."""

    name: str
    group_name: str
    vpc_id: str
    subnets: tuple[str, ...]
    port: int
    allow_cidrs: tuple[str, ...]
    machine_cidrs: Sequence[str]
    certificate: str | None = None
    health_path: str = HEALTH_PATH
    internal: bool = False
    protect: bool = False


class NetworkBalancer(Construct):
    def __init__(self, scope: Construct, id_: str, props: NetworkBalancerProps) -> None:
        super().__init__(scope, id_)
        self._props = props
        protocol = Protocol.TLS if props.certificate else Protocol.TCP
        group = self._group()
        balancer = self._balancer(group)
        targets = target_group(
            self,
            ids.TARGETS,
            TargetGroupProps(props.name, props.vpc_id, props.port, protocol, props.health_path),
        )
        self._listen(balancer, targets.arn, protocol)
        self.group_id = group.group_id
        self.balancer_name, self.address, self.zone_id = balancer.name, balancer.dns_name, balancer.zone_id
        self.target_group_arn = targets.arn

    def _group(self) -> BalancerGroup:
        return BalancerGroup(
            self,
            ids.BALANCER_GROUP,
            BalancerGroupProps(
                name=self._props.group_name,
                vpc_id=self._props.vpc_id,
                ports=(self._props.port,),
                allow_cidrs=self._props.allow_cidrs,
                to_port=self._props.port,
                to_cidrs=self._props.machine_cidrs,
            ),
        )

    def _balancer(self, group: BalancerGroup) -> Lb:
        balancer = Lb(
            self,
            ids.BALANCER,
            name=self._props.name,
            load_balancer_type="network",
            internal=self._props.internal,
            subnets=list(self._props.subnets),
            security_groups=[group.group_id],
            # Off by default for this kind: a zone without a fit machine would answer nobody.
            enable_cross_zone_load_balancing=True,
            enable_deletion_protection=self._props.protect,
            tags={"Name": self._props.name},
            timeouts=LbTimeouts(create="10m", update="10m", delete="15m"),
        )
        accept(balancer, CKV_AWS_91="It sees connections only; each machine's door logs every request.")
        if not self._props.protect:
            accept(balancer, CKV_AWS_150="Whoever lets it stand for a while only must be able to end it.")
        return balancer

    def _listen(self, balancer: Lb, target_group_arn: str, protocol: Protocol) -> None:
        is_tls = protocol is Protocol.TLS
        LbListener(
            self,
            ids.LISTENER,
            load_balancer_arn=balancer.arn,
            port=self._props.port,
            protocol=protocol.value,
            ssl_policy=TLS_POLICY if is_tls else None,
            certificate_arn=self._props.certificate,
            tcp_idle_timeout_seconds=None if is_tls else _SILENT_S,
            default_action=[LbListenerDefaultAction(type="forward", target_group_arn=target_group_arn)],
        )
