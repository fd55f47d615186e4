"""What a network's record says of balancers, and whether one can stand in the region at all."""

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from contracts import stack_rules
from contracts.vocabulary import Cloud
from services.pricing.choice.around import NoBalancer

_TEXT = validate.Length(1, 256)
_ACM = r"arn:aws:acm:{region}:{account}:certificate/[A-Za-z0-9-]{{1,64}}"
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
    errors: dict[str, list[str]] = {}
    certificate, dns_zone = network["balancer"]["certificate"], network["balancer"]["dns_zone"]
    if network["cloud"] is Cloud.AWS:
        if certificate is None or not _is_of_acm(certificate, network["region"], network["account"]):
            errors["certificate"] = ["Must be the ARN of an ACM certificate of this account and region."]
        if dns_zone is not None and not _ROUTE_53.fullmatch(dns_zone):
            errors["dns_zone"] = ["Must be the id of a Route 53 zone."]
    elif certificate is None and network["balancer"]["domain"] is None:
        errors["certificate"] = [
            "Must be the link of a certificate where no domain is named for one of Google's."
        ]
    if errors:
        raise ValidationError({"balancer": errors})


def unbalanced(networks: Mapping[str, Mapping[str, Any]]) -> dict[str, NoBalancer]:
    """Of networks by region those that no balancer can stand in, and why."""
    found = {name: _against(network) for name, network in networks.items()}
    return {name: why for name, why in found.items() if why is not None}


def _is_of_acm(certificate: str, region: str, account: str) -> bool:
    pattern = _ACM.format(region=re.escape(region), account=re.escape(account))
    return re.fullmatch(pattern, certificate) is not None


def _against(network: Mapping[str, Any]) -> NoBalancer | None:
    if not network.get("balancer"):
        return NoBalancer.NOT_RECORDED
    on_aws = network["cloud"] == Cloud.AWS
    return NoBalancer.ONE_ZONE if on_aws and len(network["public_subnets"]) < _ZONES_ON_AWS else None
