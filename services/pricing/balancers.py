"""What a network's record says of balancers, and whether one can stand in the region at all."""

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from contracts import stack_google, stack_rules
from contracts.vocabulary import Cloud
from services.pricing.choice.around import NoBalancer

_TEXT = validate.Length(1, 256)
_ACM = r"arn:aws:acm:{region}:{account}:certificate/[A-Za-z0-9-]{{1,64}}"
Refusals = dict[str, list[str]]
_MANAGED_ZONE = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
# The id of a placement, of two digits at most, stands before it with a dot.
_LONGEST_DOMAIN = stack_google.LONGEST_CERTIFIED - len(f"dep_{26 * 'x'}-99.")
_ROUTE_53 = re.compile(r"Z[A-Z0-9]{1,31}")
# An Application Load Balancer is refused in fewer.
_ZONES_ON_AWS = 2


class BalancerSchema(Schema):
    """What the balancers of a region share. With a domain each deployment has a name below it, with a DNS zone that
    name's record."""

    class Meta:
        unknown = RAISE

    certificate = fields.String(load_default=None, allow_none=True, validate=_TEXT)
    domain = fields.String(load_default=None, allow_none=True, validate=stack_rules.domain_name)
    dns_zone = fields.String(load_default=None, allow_none=True, validate=_TEXT)

    @validates_schema
    def _a_record_has_a_name(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["dns_zone"] is not None and data["domain"] is None:
            raise ValidationError("Needs a domain, or there is no name to record.", "dns_zone")


def check_balancer(network: Mapping[str, Any]) -> None:
    """Raises ValidationError for what the cloud of a network's record could not build. Google Cloud makes a
    certificate of its own for a name; AWS takes one of ACM, of the same account and region."""
    check = _against_aws if network["cloud"] is Cloud.AWS else _against_google
    errors = check(network, network["balancer"])
    if errors:
        raise ValidationError({"balancer": errors})


def unbalanced(networks: Mapping[str, Mapping[str, Any]]) -> dict[str, NoBalancer]:
    """Of networks by region those that no balancer can stand in, and why."""
    found = {name: _against(network) for name, network in networks.items()}
    return {name: why for name, why in found.items() if why is not None}


def _against_aws(network: Mapping[str, Any], balancer: Mapping[str, Any]) -> Refusals:
    errors: Refusals = {}
    certificate, dns_zone = balancer["certificate"], balancer["dns_zone"]
    if certificate is None or not _is_of_acm(certificate, network["region"], network["account"]):
        errors["certificate"] = ["Must be the ARN of an ACM certificate of this account and region."]
    if dns_zone is not None and not _ROUTE_53.fullmatch(dns_zone):
        errors["dns_zone"] = ["Must be the id of a Route 53 zone."]
    return errors


def _against_google(_: Mapping[str, Any], balancer: Mapping[str, Any]) -> Refusals:
    certificate, domain, dns_zone = balancer["certificate"], balancer["domain"], balancer["dns_zone"]
    errors: Refusals = {}
    if dns_zone is not None and not _MANAGED_ZONE.fullmatch(dns_zone):
        errors["dns_zone"] = ["Must be the name of a managed zone."]
    if certificate is not None:
        said = stack_rules.first_refusal(stack_google.CERTIFICATE, [certificate])
        return errors | ({"certificate": said} if said else {})
    if domain is None:
        errors["certificate"] = [
            "Must be the link of a certificate where no domain is named for one of Google's."
        ]
    elif dns_zone is None:
        errors["dns_zone"] = [
            "Must be there where Google keeps the certificate: the name's record proves it."
        ]
    elif len(domain) > _LONGEST_DOMAIN:
        errors["domain"] = [
            f"Must have at most {_LONGEST_DOMAIN} characters where Google keeps the certificate."
        ]
    return errors


def _is_of_acm(certificate: str, region: str, account: str) -> bool:
    pattern = _ACM.format(region=re.escape(region), account=re.escape(account))
    return re.fullmatch(pattern, certificate) is not None


def _against(network: Mapping[str, Any]) -> NoBalancer | None:
    if not network.get("balancer"):
        return NoBalancer.NOT_RECORDED
    on_aws = network["cloud"] == Cloud.AWS
    return NoBalancer.ONE_ZONE if on_aws and len(network["public_subnets"]) < _ZONES_ON_AWS else None
