"""What AWS asks of replicas and of the balancer before them.

An application balancer stands in two zones or more, takes a certificate of its own region and account only, and as we
build it, has IPv4 addresses.
"""

import re
from collections.abc import Mapping
from typing import Any

from contracts.stack_model import Balancer, Reach, Replicas
from contracts.stack_rules import Pattern, any_ipv4, first_refusal
from contracts.vocabulary import Exposure

_LEAST_SUBNETS = 2
_ZONE_ID = Pattern(r"[A-Z0-9]{1,32}", "the id of a Route 53 zone")


def check_balanced(data: Mapping[str, Any], zone: Pattern, subnet: Pattern) -> dict[str, Any]:
    """Errors by field. What is missing or was refused already, it passes over."""
    errors: dict[str, Any] = {}
    replicas, balancer, reach = data.get("replicas"), data.get("balancer"), data.get("exposure")
    if isinstance(replicas, Replicas) and (
        said := first_refusal(zone, replicas.subnets) or first_refusal(subnet, replicas.subnets.values())
    ):
        errors["replicas"] = {"subnets": said}
    if isinstance(balancer, Balancer) and (wrong := _balancer(balancer, data, subnet)):
        errors["balancer"] = wrong
    if isinstance(reach, Reach) and reach.kind is Exposure.LOAD_BALANCED and not any_ipv4(reach.allow_cidrs):
        errors["exposure"] = {"allow_cidrs": ["Must name an IPv4 network: the balancer has no IPv6 address."]}
    return errors


def _balancer(balancer: Balancer, data: Mapping[str, Any], subnet: Pattern) -> dict[str, Any]:
    errors: dict[str, Any] = {}
    if said := first_refusal(subnet, balancer.subnets):
        errors["subnets"] = said
    elif len(balancer.subnets) < _LEAST_SUBNETS:
        errors["subnets"] = ["Must be two at least, in different zones."]
    if balancer.certificate is None:
        errors["certificate"] = ["Must be there: a balancer on AWS has a certificate of ACM's."]
    elif said := first_refusal(certificate(data), [balancer.certificate]):
        errors["certificate"] = said
    if balancer.dns_zone is not None and (said := first_refusal(_ZONE_ID, [balancer.dns_zone])):
        errors["dns_zone"] = said
    return errors


def certificate(data: Mapping[str, Any]) -> Pattern:
    """AWS knows a certificate in its own region only, and says so when everything before it is built."""
    region, account = re.escape(str(data.get("region"))), re.escape(str(data.get("account")))
    return Pattern(
        rf"arn:aws:acm:{region}:{account}:certificate/[A-Za-z0-9-]{{1,64}}",
        "the ARN of an ACM certificate of the stack's region and account",
    )
