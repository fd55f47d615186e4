"""What Google Cloud asks of replicas and of the balancer before them.

A template names one subnetwork, and a region has one for all its zones. The balancer is global: it stands in no
subnetwork, and listens at an IPv4 address only.
"""

from collections.abc import Mapping
from typing import Any

from contracts.stack_model import Balancer, Reach, Replicas
from contracts.stack_rules import Pattern, any_ipv4, first_refusal
from contracts.vocabulary import Exposure

# The longest name that Google issues a certificate for.
LONGEST_CERTIFIED = 64

CERTIFICATE = Pattern(
    r"projects/[a-z][a-z0-9-]{4,28}[a-z0-9]/global/sslCertificates/[a-z]([a-z0-9-]{0,61}[a-z0-9])?",
    "projects/…/global/sslCertificates/…",
)
_MANAGED_ZONE = Pattern(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", "the name of a managed zone")


def check_balanced(data: Mapping[str, Any], zone: Pattern, subnet: Pattern) -> dict[str, Any]:
    """Errors by field. What is missing or was refused already, it passes over."""
    errors: dict[str, Any] = {}
    replicas, balancer, reach = data.get("replicas"), data.get("balancer"), data.get("exposure")
    if isinstance(replicas, Replicas) and (said := _subnets(replicas, data, zone, subnet)):
        errors["replicas"] = {"subnets": said}
    if isinstance(balancer, Balancer) and (wrong := _balancer(balancer, data, subnet)):
        errors["balancer"] = wrong
    if isinstance(reach, Reach) and reach.kind is Exposure.LOAD_BALANCED and not any_ipv4(reach.allow_cidrs):
        errors["exposure"] = {"allow_cidrs": ["Must name an IPv4 network: the balancer has no IPv6 address."]}
    return errors


def _subnets(replicas: Replicas, data: Mapping[str, Any], zone: Pattern, subnet: Pattern) -> list[str]:
    region = data.get("region")
    if said := first_refusal(zone, replicas.subnets) or first_refusal(subnet, replicas.subnets.values()):
        return said
    if any(name.rpartition("-")[0] != region for name in replicas.subnets):
        return ["Must lie in the stack's region."]
    if set(replicas.subnets.values()) != {data.get("subnet_id")}:
        return ["Must all be the placement's own: a region has one for all its zones."]
    return []


def _balancer(balancer: Balancer, data: Mapping[str, Any], subnet: Pattern) -> dict[str, Any]:
    errors: dict[str, Any] = {}
    if said := first_refusal(subnet, balancer.subnets):
        errors["subnets"] = said
    if balancer.dns_zone is not None and (said := first_refusal(_MANAGED_ZONE, [balancer.dns_zone])):
        errors["dns_zone"] = said
    if balancer.certificate is not None:
        if said := first_refusal(CERTIFICATE, [balancer.certificate]):
            errors["certificate"] = said
    elif balancer.domain is None:
        errors["certificate"] = ["Needs a domain, or there is no name that Google could keep one for."]
    elif len(f"{data.get('placement_id')}.{balancer.domain}") > LONGEST_CERTIFIED:
        errors["domain"] = [
            f"Makes a name of more than {LONGEST_CERTIFIED} characters, which Google refuses."
        ]
    return errors
