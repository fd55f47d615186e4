"""Who may ask a balancer: the listed networks, and nobody else.

A VPC's firewall sees only Google's proxies. The client's own address is known at the balancer alone, so Cloud Armor
holds the list there.
"""

from dataclasses import dataclass

from cdktf_cdktf_provider_google.compute_security_policy import (
    ComputeSecurityPolicy,
    ComputeSecurityPolicyRule,
    ComputeSecurityPolicyRuleMatch,
    ComputeSecurityPolicyRuleMatchConfig,
)
from constructs import Construct

from infra.cdktf import ids, names

# Google's limit of one rule.
_MOST_RANGES = 10
_FIRST = 1000
# The rule that every policy has to have, under this very number.
_LAST = 2**31 - 1


@dataclass(frozen=True)
class AdmissionProps:
    """`cidrs` are IPv4 and IPv6 networks."""

    name: str
    cidrs: tuple[str, ...]


class Admission(Construct):
    def __init__(self, scope: Construct, id_: str, props: AdmissionProps) -> None:
        super().__init__(scope, id_)
        if not props.cidrs:
            raise ValueError("a balancer needs at least one network that may ask it")
        policy = ComputeSecurityPolicy(
            self,
            ids.POLICY,
            name=names.resource(props.name),
            description="FlowLlama placement: its allow-list and the platform",
            type="CLOUD_ARMOR",
            rule=[
                *(
                    _rule("allow", _FIRST + index, cidrs, "Allow-list and platform")
                    for index, cidrs in enumerate(_portions(props.cidrs))
                ),
                _rule("deny(403)", _LAST, ["*"], "Nobody else"),
            ],
        )
        self.policy_id = policy.id


def _portions(cidrs: tuple[str, ...]) -> list[list[str]]:
    ordered = sorted(set(cidrs))
    return [ordered[start : start + _MOST_RANGES] for start in range(0, len(ordered), _MOST_RANGES)]


def _rule(action: str, priority: int, cidrs: list[str], description: str) -> ComputeSecurityPolicyRule:
    return ComputeSecurityPolicyRule(
        action=action,
        priority=priority,
        description=description,
        match=ComputeSecurityPolicyRuleMatch(
            versioned_expr="SRC_IPS_V1",
            config=ComputeSecurityPolicyRuleMatchConfig(src_ip_ranges=cidrs),
        ),
    )
