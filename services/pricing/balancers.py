"""What a network's record says of balancers, and whether one can stand in the region at all."""

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from contracts.stack_rules import Pattern
from contracts.vocabulary import Cloud
from services.pricing.choice.around import NoBalancer

_TEXT = validate.Length(1, 256)
_DOMAIN = Pattern(r"(?=.{1,190}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", "a domain name")
_ACM = r"arn:aws[a-z-]*:acm:{region}:[0-9]{{12}}:certificate/[A-Za-z0-9-]{{1,64}}"
# An Application Load Balancer is refused in fewer.
_ZONES_ON_AWS = 2


class BalancerSchema(Schema):
    """What the balancers of a region share. With a domain each deployment has a name below it, with a DNS zone that
    name's record."""

    class Meta:
        unknown = RAISE

    certificate = fields.String(load_default=None, allow_none=True, validate=_TEXT)
    domain = fields.String(load_default=None, allow_none=True, validate=_DOMAIN)
    dns_zone = fields.String(load_default=None, allow_none=True, validate=_TEXT)

    @validates_schema
    def _a_record_has_a_name(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["dns_zone"] is not None and data["domain"] is None:
            raise ValidationError("Needs a domain, or there is no name to record.", "dns_zone")


def check_certificate(cloud: Cloud, region: str, balancer: Mapping[str, Any]) -> None:
    """Raises ValidationError for a balancer that could not speak TLS. Google Cloud makes a certificate of its own
    for a name; AWS takes one of ACM, of the same region."""
    certificate = balancer["certificate"]
    message = None
    if cloud is Cloud.AWS and (certificate is None or not _is_of_acm(certificate, region)):
        message = f"Must be the ARN of an ACM certificate in {region}."
    if cloud is Cloud.GCP and certificate is None and balancer["domain"] is None:
        message = "Must be the link of a certificate where no domain is named for one that Google keeps."
    if message is not None:
        raise ValidationError({"balancer": {"certificate": [message]}})


def unbalanced(networks: Mapping[str, Mapping[str, Any]]) -> dict[str, NoBalancer]:
    """Of networks by region those that no balancer can stand in, and why."""
    found = {name: _against(network) for name, network in networks.items()}
    return {name: why for name, why in found.items() if why is not None}


def _is_of_acm(certificate: str, region: str) -> bool:
    return re.fullmatch(_ACM.format(region=re.escape(region)), certificate) is not None


def _against(network: Mapping[str, Any]) -> NoBalancer | None:
    if not network.get("balancer"):
        return NoBalancer.NOT_RECORDED
    on_aws = network["cloud"] == Cloud.AWS
    return NoBalancer.ONE_ZONE if on_aws and len(network["public_subnets"]) < _ZONES_ON_AWS else None
