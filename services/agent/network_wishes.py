"""What an operator asks of a region's network beyond its place: checked before anything is built."""

import re
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError

from contracts import stack_google
from contracts.stack_rules import domain_name
from contracts.vocabulary import Cloud, Nat
from services.chassis.errors import InvalidError
from services.chassis.mongo import Document

_CERTIFICATE = r"arn:aws[a-z-]*:acm:{region}:[0-9]{{12}}:certificate/[A-Za-z0-9-]{{1,64}}"
_MANAGED_ZONE = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
# A placement's id of two digits stands before it, with a dot.
_LONGEST_DOMAIN = stack_google.LONGEST_CERTIFIED - len(f"dep_{26 * 'x'}-99.")
_DNS_ZONE = re.compile(r"Z[A-Z0-9]{1,31}")


@dataclass(frozen=True)
class Wishes:
    """`models` is a bucket that the region's instances share models in, `models_key` the ARN of its customer key.

    `boundary` is the ARN of the platform's permissions boundary, for the role of the region's instances.
    `certificate`, `domain` and `dns_zone` are for the balancers that will stand before replicas in the region. They
    are written to the network's record, from where pricing hands them on; the stack itself builds nothing of them. On
    Google Cloud the certificate is a link, or none where Google shall keep one for each name.
    """

    cidr: str
    lean: bool = False
    nat: Nat = Nat.PER_ZONE
    notices_bus: str | None = None
    models: str | None = None
    models_key: str | None = None
    boundary: str | None = None
    certificate: str | None = None
    domain: str | None = None
    dns_zone: str | None = None

    def check(self, cloud: Cloud, region: str) -> None:
        """Raises `InvalidError`. What goes into the stack is checked with its spec."""
        if self.models_key is not None and self.models is None:
            raise InvalidError("--models-key needs --models: it is that bucket's key")
        has_name = self.domain is not None or self.dns_zone is not None
        if cloud is Cloud.AWS and self.certificate is None and has_name:
            raise InvalidError("--domain and --dns-zone are for balancers, which need --balancer-certificate")
        if (self.domain is None) != (self.dns_zone is None):
            raise InvalidError(
                "--domain and --dns-zone go together: a name that nobody records leads nowhere"
            )
        if self.domain is not None:
            _check_domain(self.domain)
        if cloud is Cloud.AWS:
            self._check_for_aws(region)
        else:
            self._check_for_google()

    def check_account(self, account: str) -> None:
        """Raises `InvalidError` for a certificate that no balancer of this account or project could take: pricing would
        refuse the record, but only when the network stands."""
        if self.certificate is not None and account not in re.split("[:/]", self.certificate):
            raise InvalidError(f"--balancer-certificate is of another account or project than {account}")

    def of_stack(self) -> dict[str, Any]:
        """The fields of the network's stack spec."""
        models = None if self.models is None else {"bucket": self.models, "key_arn": self.models_key}
        return {
            "cidr": self.cidr,
            "lean": self.lean,
            "nat": self.nat.value,
            "notices_bus": self.notices_bus,
            "models": models,
            "boundary_arn": self.boundary,
        }

    def of_record(self) -> Document:
        """The fields of the network's record. Where no balancer is asked for it says nothing: what is recorded stays."""
        if self.certificate is None and self.domain is None:
            return {}
        balancer = {"certificate": self.certificate, "domain": self.domain, "dns_zone": self.dns_zone}
        return {"balancer": balancer}

    def _check_for_aws(self, region: str) -> None:
        certificate = _CERTIFICATE.format(region=re.escape(region))
        if self.certificate is not None and not re.fullmatch(certificate, self.certificate):
            raise InvalidError(f"--balancer-certificate takes the ARN of an ACM certificate in {region}")
        if self.dns_zone is not None and not _DNS_ZONE.fullmatch(self.dns_zone):
            raise InvalidError("--dns-zone takes the id of a Route 53 hosted zone, such as Z0123456789ABC")

    def _check_for_google(self) -> None:
        if self.certificate is not None and not stack_google.CERTIFICATE.pattern.fullmatch(self.certificate):
            raise InvalidError(
                "--balancer-certificate takes projects/…/global/sslCertificates/… on Google Cloud"
            )
        if self.dns_zone is not None and not _MANAGED_ZONE.fullmatch(self.dns_zone):
            raise InvalidError("--dns-zone takes the name of a managed zone, such as models-example-com")
        if self.certificate is None and self.domain is not None and len(self.domain) > _LONGEST_DOMAIN:
            raise InvalidError(
                f"--domain may have {_LONGEST_DOMAIN} characters where Google keeps the certificate: name a "
                "--balancer-certificate for a longer one"
            )


def _check_domain(domain: str) -> None:
    try:
        domain_name(domain)
    except ValidationError as error:
        raise InvalidError("--domain takes a domain name such as models.example.com") from error
