"""The HTTPS door before a group of machines: an application balancer, on the same port as a single machine.

It ends the user's TLS with a certificate that clients know, and speaks HTTPS to the machines, whose own door checks the
token. AWS takes any certificate of theirs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cdktf_cdktf_provider_aws.lb import Lb, LbAccessLogs, LbTimeouts
from cdktf_cdktf_provider_aws.lb_listener import (
    LbListener,
    LbListenerDefaultAction,
    LbListenerDefaultActionRedirect,
)
from constructs import Construct

from infra.cdktf import ids
from infra.cdktf.accepted import accept
from infra.cdktf.constructs.aws.balancer_group import BalancerGroup, BalancerGroupProps
from infra.cdktf.constructs.aws.target_group import HEALTH_PATH, TargetGroupProps, target_group

# TLS 1.3 and 1.2, and of the latter only suites with forward secrecy and authenticated encryption.
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
# From one byte to the next. An answer that isn't streamed says nothing until its last word; AWS takes up to 4000.
ANSWER_S = 3600
HTTP_PORT = 80


@dataclass(frozen=True)
class AccessLogs:
    """The bucket's policy must let the region's balancers write below the prefix."""

    bucket: str
    prefix: str


@dataclass(frozen=True)
class BalancerProps:
    """`name` has at most 32 characters and no underscore, the firewall's `group_name` may be longer; `subnets` lie in two zones or more; `certificate` is ACM's ARN.

    `machine_cidrs` are the networks in which the machines lie. With `redirect`, port 80 sends on to `port`.
    """

    name: str
    group_name: str
    vpc_id: str
    subnets: tuple[str, ...]
    certificate: str
    port: int
    allow_cidrs: tuple[str, ...]
    machine_cidrs: Sequence[str]
    health_path: str = HEALTH_PATH
    internal: bool = False
    redirect: bool = False
    protect: bool = False
    access_logs: AccessLogs | None = None


class Balancer(Construct):
    """`address` and `zone_id` are for an alias record; the suffixes are how CloudWatch calls balancer and machines."""

    def __init__(self, scope: Construct, id_: str, props: BalancerProps) -> None:
        super().__init__(scope, id_)
        self._props = props
        group = self._group()
        balancer = self._balancer(group)
        targets = target_group(
            self,
            ids.TARGETS,
            TargetGroupProps(
                name=props.name, vpc_id=props.vpc_id, port=props.port, health_path=props.health_path
            ),
        )
        self.listener = self._listen(balancer, targets.arn)
        if props.redirect:
            self._redirect(balancer)
        self.group_id = group.group_id
        self.balancer_name, self.address, self.zone_id = balancer.name, balancer.dns_name, balancer.zone_id
        self.target_group_arn = targets.arn
        self.suffix, self.target_group_suffix = balancer.arn_suffix, targets.arn_suffix

    def _group(self) -> BalancerGroup:
        ports = (self._props.port, HTTP_PORT) if self._props.redirect else (self._props.port,)
        return BalancerGroup(
            self,
            ids.BALANCER_GROUP,
            BalancerGroupProps(
                name=self._props.group_name,
                vpc_id=self._props.vpc_id,
                ports=ports,
                allow_cidrs=self._props.allow_cidrs,
                to_port=self._props.port,
                to_cidrs=self._props.machine_cidrs,
            ),
        )

    def _balancer(self, group: BalancerGroup) -> Lb:
        logs = self._props.access_logs
        balancer = Lb(
            self,
            ids.BALANCER,
            name=self._props.name,
            load_balancer_type="application",
            internal=self._props.internal,
            subnets=list(self._props.subnets),
            security_groups=[group.group_id],
            # A header that no proxy agrees on is how a request is smuggled past one of them.
            drop_invalid_header_fields=True,
            desync_mitigation_mode="defensive",
            idle_timeout=ANSWER_S,
            enable_http2=True,
            # Always on for this kind of balancer, and said all the same.
            enable_cross_zone_load_balancing=True,
            # A placement has to be able to end.
            enable_deletion_protection=self._props.protect,
            access_logs=LbAccessLogs(enabled=True, bucket=logs.bucket, prefix=logs.prefix) if logs else None,
            tags={"Name": self._props.name},
            timeouts=LbTimeouts(create="10m", update="10m", delete="15m"),
        )
        _accept(balancer, self._props)
        return balancer

    def _listen(self, balancer: Lb, target_group_arn: str) -> LbListener:
        return LbListener(
            self,
            ids.LISTENER,
            load_balancer_arn=balancer.arn,
            port=self._props.port,
            protocol="HTTPS",
            ssl_policy=TLS_POLICY,
            certificate_arn=self._props.certificate,
            default_action=[LbListenerDefaultAction(type="forward", target_group_arn=target_group_arn)],
        )

    def _redirect(self, balancer: Lb) -> None:
        LbListener(
            self,
            ids.REDIRECT,
            load_balancer_arn=balancer.arn,
            port=HTTP_PORT,
            protocol="HTTP",
            default_action=[
                LbListenerDefaultAction(
                    type="redirect",
                    redirect=LbListenerDefaultActionRedirect(
                        protocol="HTTPS", port=str(self._props.port), status_code="HTTP_301"
                    ),
                )
            ],
        )


def _accept(balancer: Lb, props: BalancerProps) -> None:
    if not props.protect:
        accept(
            balancer, CKV_AWS_150="A placement ends by itself; a protected balancer would keep it from that."
        )
    if props.access_logs is None:
        accept(balancer, CKV_AWS_91="Each machine's door logs every request, without its token.")
    if not props.internal:
        accept(balancer, CKV2_AWS_28="Only listed networks reach it, and every path but two wants a token.")
