"""How often one address may call the gateway, and what it may not say.

Cloud Armor sees a call before anything of ours does. Who tries passwords is slowed down by auth itself.
"""

from cdktf_cdktf_provider_google.compute_security_policy import (
    ComputeSecurityPolicy,
    ComputeSecurityPolicyRule,
    ComputeSecurityPolicyRuleMatch,
    ComputeSecurityPolicyRuleMatchConfig,
    ComputeSecurityPolicyRuleMatchExpr,
    ComputeSecurityPolicyRuleRateLimitOptions,
    ComputeSecurityPolicyRuleRateLimitOptionsRateLimitThreshold,
)
from constructs import Construct

from infra.cdktf import names

# A browser that looks every second is well below it.
CALLS, IN_S = 600, 60
_NO_FORGERY, _LIMIT = 100, 1000
# The rule that every policy has to have, under this very number.
_LAST = 2**31 - 1


def limit_rate(scope: Construct, id_: str, *, name: str, own_header: str) -> str:
    """Returns the policy's id. Nobody may send `own_header`, which the gateway adds itself."""
    return ComputeSecurityPolicy(
        scope,
        id_,
        name=names.resource(name),
        description="FlowLlama API: so many calls for each address",
        type="CLOUD_ARMOR",
        rule=[
            ComputeSecurityPolicyRule(
                action="deny(403)",
                priority=_NO_FORGERY,
                description="The gateway alone says who the caller is",
                match=_who_sends(own_header),
            ),
            ComputeSecurityPolicyRule(
                action="throttle",
                priority=_LIMIT,
                description="Each address for itself",
                match=_everybody(),
                rate_limit_options=_so_many_calls(),
            ),
            ComputeSecurityPolicyRule(
                action="allow", priority=_LAST, description="Everybody else", match=_everybody()
            ),
        ],
    ).id


def answer_404(scope: Construct, id_: str, *, name: str) -> str:
    """A policy that answers whatever there is no path for; returns its id."""
    return ComputeSecurityPolicy(
        scope,
        id_,
        name=names.resource(name),
        description="FlowLlama API: there is no such path",
        type="CLOUD_ARMOR",
        rule=[
            ComputeSecurityPolicyRule(
                action="deny(404)", priority=_LAST, description="No such path", match=_everybody()
            )
        ],
    ).id


def _so_many_calls() -> ComputeSecurityPolicyRuleRateLimitOptions:
    return ComputeSecurityPolicyRuleRateLimitOptions(
        conform_action="allow",
        exceed_action="deny(429)",
        enforce_on_key="IP",
        rate_limit_threshold=ComputeSecurityPolicyRuleRateLimitOptionsRateLimitThreshold(
            count=CALLS, interval_sec=IN_S
        ),
    )


def _who_sends(header: str) -> ComputeSecurityPolicyRuleMatch:
    return ComputeSecurityPolicyRuleMatch(
        expr=ComputeSecurityPolicyRuleMatchExpr(expression=f"has(request.headers['{header.lower()}'])")
    )


def _everybody() -> ComputeSecurityPolicyRuleMatch:
    return ComputeSecurityPolicyRuleMatch(
        versioned_expr="SRC_IPS_V1", config=ComputeSecurityPolicyRuleMatchConfig(src_ip_ranges=["*"])
    )
