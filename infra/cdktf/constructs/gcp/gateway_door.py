"""The door of the API: one address, HTTPS on port 443 with TLS 1.2 or newer, its certificate, and the domain's record."""

from collections.abc import Mapping
from dataclasses import dataclass

from cdktf_cdktf_provider_google.compute_global_address import ComputeGlobalAddress
from cdktf_cdktf_provider_google.compute_global_forwarding_rule import ComputeGlobalForwardingRule
from cdktf_cdktf_provider_google.compute_ssl_policy import ComputeSslPolicy
from cdktf_cdktf_provider_google.compute_target_https_proxy import ComputeTargetHttpsProxy
from cdktf_cdktf_provider_google.dns_record_set import DnsRecordSet
from constructs import Construct

from infra.cdktf import ids, names
from infra.cdktf.constructs.gcp.certificate import Certificate, CertificateProps

PORT = 443
TTL_S = 300  # The address stays for as long as the platform does.


@dataclass(frozen=True)
class DoorProps:
    name: str
    url_map: str
    domain: str
    certificate: str | None
    managed_zone: str | None
    labels: Mapping[str, str]


class Door(Construct):
    def __init__(self, scope: Construct, id_: str, props: DoorProps) -> None:
        super().__init__(scope, id_)
        self._props = props
        address = ComputeGlobalAddress(
            self, ids.ADDRESS, name=props.name, ip_version="IPV4", labels=dict(props.labels)
        )
        ComputeGlobalForwardingRule(
            self,
            ids.LISTENER,
            name=props.name,
            load_balancing_scheme="EXTERNAL_MANAGED",
            ip_address=address.id,
            ip_protocol="TCP",
            port_range=str(PORT),
            target=self._proxy(),
            labels=dict(props.labels),
        )
        if props.managed_zone:
            DnsRecordSet(
                self,
                ids.RECORD,
                managed_zone=props.managed_zone,
                # Cloud DNS takes whole names only, which end in a dot.
                name=f"{props.domain}.",
                type="A",
                ttl=TTL_S,
                rrdatas=[address.address],
            )

    def _proxy(self) -> str:
        tls = ComputeSslPolicy(
            self, ids.TLS_POLICY, name=self._props.name, profile="RESTRICTED", min_tls_version="TLS_1_2"
        )
        return ComputeTargetHttpsProxy(
            self,
            ids.PROXY,
            name=self._props.name,
            url_map=self._props.url_map,
            ssl_certificates=[self._props.certificate or self._managed_certificate()],
            ssl_policy=tls.id,
        ).id

    def _managed_certificate(self) -> str:
        name = names.of_version(self._props.name, self._props.domain)
        props = CertificateProps(name=name, host=self._props.domain)
        return Certificate(self, ids.MANAGED, props).link
