"""The HTTPS door before a group: Google's global external balancer, on the same port as a single machine.

It ends the user's TLS with a certificate that browsers and clients know, looks at the caller's address, and speaks
HTTPS to the machines, whose own door checks the token.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cdktf_cdktf_provider_google.compute_backend_service import (
    ComputeBackendService,
    ComputeBackendServiceBackend,
    ComputeBackendServiceLogConfig,
)
from cdktf_cdktf_provider_google.compute_global_address import ComputeGlobalAddress
from cdktf_cdktf_provider_google.compute_global_forwarding_rule import ComputeGlobalForwardingRule
from cdktf_cdktf_provider_google.compute_ssl_policy import ComputeSslPolicy
from cdktf_cdktf_provider_google.compute_target_https_proxy import ComputeTargetHttpsProxy
from cdktf_cdktf_provider_google.compute_url_map import ComputeUrlMap
from constructs import Construct

from infra.cdktf import ids, load, names
from infra.cdktf.constructs.gcp import ready_check
from infra.cdktf.constructs.gcp.admission import Admission, AdmissionProps
from infra.cdktf.constructs.gcp.certificate import VALIDATION_PORT, Certificate, CertificateProps
from infra.cdktf.constructs.gcp.firewall import PORT
from infra.cdktf.constructs.gcp.scaling import PORT_NAME

# From where Google's proxies and health checks reach machines (its page "firewall rules for load balancers").
PROXY_RANGES = ("130.211.0.0/22", "35.191.0.0/16")

_SCHEME = "EXTERNAL_MANAGED"
# From the first byte of a question to the last of its answer. A long answer of a slow machine takes many minutes.
ANSWER_S = 3600
# How long a machine that leaves may finish what it answers.
DRAIN_S = 300


@dataclass(frozen=True)
class BalancerProps:
    """Either `certificate`, the link of one that is there, or `host`, the name that Google shall keep one for.

    `instance_group` is the group's; `parallel` is how many answers one machine writes at a time.
    """

    name: str
    instance_group: str
    parallel: int
    cidrs: tuple[str, ...]
    certificate: str | None
    host: str | None
    labels: Mapping[str, str]


class Balancer(Construct):
    """`address` is IPv4; `balancer_name` is what the console lists it under; `backend` counts the requests."""

    def __init__(self, scope: Construct, id_: str, props: BalancerProps) -> None:
        super().__init__(scope, id_)
        self._props = props
        self._name = names.resource(props.name)
        self.backend = self._backend()
        urls = ComputeUrlMap(self, ids.URL_MAP, name=self._name, default_service=self.backend.id)
        proxy = self._proxy(urls)
        address = ComputeGlobalAddress(
            self, ids.ADDRESS, name=self._name, ip_version="IPV4", labels=self._props.labels
        )
        self._listen(ids.LISTENER, PORT, proxy, address)
        if props.certificate is None:
            self._listen(ids.VALIDATION, VALIDATION_PORT, proxy, address)
        self.address = address.address
        self.balancer_name = urls.name

    def _backend(self) -> ComputeBackendService:
        check = ready_check.ready_check(
            self, ids.TRAFFIC_CHECK, f"{self._props.name}-traffic", ready_check.TRAFFIC
        )
        admission = Admission(
            self, ids.ADMISSION, AdmissionProps(name=self._props.name, cidrs=self._props.cidrs)
        )
        return ComputeBackendService(
            self,
            ids.BACKEND,
            name=self._name,
            load_balancing_scheme=_SCHEME,
            protocol="HTTPS",
            port_name=PORT_NAME,
            backend=[
                ComputeBackendServiceBackend(
                    group=self._props.instance_group,
                    balancing_mode="RATE",
                    # The measure of the autoscaler; Google sends on when all machines have theirs.
                    max_rate_per_instance=load.usual_requests_a_second(self._props.parallel),
                )
            ],
            # Answers differ in length a hundredfold: by turns, the long ones would meet on one machine.
            locality_lb_policy="LEAST_REQUEST",
            health_checks=[check.id],
            security_policy=admission.policy_id,
            timeout_sec=ANSWER_S,
            connection_draining_timeout_sec=DRAIN_S,
            log_config=ComputeBackendServiceLogConfig(enable=True, sample_rate=1),
        )

    def _proxy(self, urls: ComputeUrlMap) -> ComputeTargetHttpsProxy:
        tls = ComputeSslPolicy(
            self, ids.TLS_POLICY, name=self._name, profile="RESTRICTED", min_tls_version="TLS_1_2"
        )
        return ComputeTargetHttpsProxy(
            self,
            ids.PROXY,
            name=self._name,
            url_map=urls.id,
            ssl_certificates=[self._props.certificate or self._managed_certificate()],
            ssl_policy=tls.id,
        )

    def _managed_certificate(self) -> str:
        if self._props.host is None:
            raise ValueError("a balancer needs a certificate, or the name that Google shall keep one for")
        props = CertificateProps(name=self._props.name, host=self._props.host)
        return Certificate(self, ids.MANAGED, props).link

    def _listen(
        self, id_: str, port: int, proxy: ComputeTargetHttpsProxy, address: ComputeGlobalAddress
    ) -> None:
        ComputeGlobalForwardingRule(
            self,
            id_,
            name=names.resource(f"{self._name}-{port}"),
            load_balancing_scheme=_SCHEME,
            ip_address=address.id,
            ip_protocol="TCP",
            port_range=str(port),
            target=proxy.id,
            labels=self._props.labels,
        )
