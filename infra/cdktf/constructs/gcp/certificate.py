"""A certificate that Google gets and renews for one name, once that name leads to the balancer.

Google asks the balancer itself, on port 443, whether the name is ours. Until then, up to an hour after the record
stands, nobody can make a connection.
"""

from dataclasses import dataclass

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_google.compute_managed_ssl_certificate import (
    ComputeManagedSslCertificate,
    ComputeManagedSslCertificateManaged,
    ComputeManagedSslCertificateTimeouts,
)
from constructs import Construct

from infra.cdktf import ids, names

VALIDATION_PORT = 443


@dataclass(frozen=True)
class CertificateProps:
    """A certificate never changes: whose `host` may, gives each a `name` of its own."""

    name: str
    host: str


class Certificate(Construct):
    def __init__(self, scope: Construct, id_: str, props: CertificateProps) -> None:
        super().__init__(scope, id_)
        certificate = ComputeManagedSslCertificate(
            self,
            ids.CERTIFICATE,
            name=names.resource(props.name),
            managed=ComputeManagedSslCertificateManaged(domains=[props.host]),
            timeouts=ComputeManagedSslCertificateTimeouts(create="10m", delete="15m"),
            # Google deletes none that a balancer presents: the next one stands first, and one that is given up goes
            # when the balancer has let go of it.
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )
        self.link = certificate.id
