"""The address of the API: Google's global balancer with the public paths of the services, and no others.

What users may call is what has a path here; anything else is answered before it reaches a service.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cdktf_cdktf_provider_google.compute_backend_service import (
    ComputeBackendService,
    ComputeBackendServiceBackend,
    ComputeBackendServiceLogConfig,
)
from cdktf_cdktf_provider_google.compute_region_network_endpoint_group import (
    ComputeRegionNetworkEndpointGroup,
    ComputeRegionNetworkEndpointGroupCloudRun,
)
from cdktf_cdktf_provider_google.compute_url_map import (
    ComputeUrlMap,
    ComputeUrlMapHostRule,
    ComputeUrlMapPathMatcher,
    ComputeUrlMapPathMatcherPathRule,
)
from constructs import Construct

from infra.cdktf import ids, names
from infra.cdktf.constructs.gcp.alarm import AlarmRule, raise_alarm, series
from infra.cdktf.constructs.gcp.gateway_door import Door, DoorProps
from infra.cdktf.constructs.gcp.rate_limit import answer_404, limit_rate
from infra.cdktf.processes import OPEN, Process

SCHEME = "EXTERNAL_MANAGED"
CALLER_HEADER = "X-FlowLlama-Caller"
MOST_FAILURES = 5  # In five minutes.
_PATHS = "public"


@dataclass(frozen=True)
class GatewayProps:
    """`services` are names of Cloud Run services by process. `certificate` is a link; none means one that Google keeps.

    `managed_zone` is where the record of the domain is written, if anywhere.
    """

    name: str
    region: str
    services: Mapping[str, str]
    domain: str
    certificate: str | None
    managed_zone: str | None
    channels: tuple[str, ...]
    labels: Mapping[str, str]


class Gateway(Construct):
    """`alarm` is the policy's name."""

    def __init__(self, scope: Construct, id_: str, props: GatewayProps) -> None:
        super().__init__(scope, id_)
        self._props = props
        self._name = gateway_name(props.name)
        limit = limit_rate(self, ids.RATE, name=self._name, own_header=CALLER_HEADER)
        urls = self._paths({process.name: self._backend(process, limit) for process in OPEN})
        self._balancer = urls.name
        self.endpoint = f"https://{props.domain}"
        door = DoorProps(
            name=self._name,
            url_map=urls.id,
            domain=props.domain,
            certificate=props.certificate,
            managed_zone=props.managed_zone,
            labels=props.labels,
        )
        Door(self, ids.LISTENER, door)
        self.alarm = raise_alarm(self, self._failures(), props.channels)

    def _backend(self, process: Process, policy: str) -> str:
        endpoints = ComputeRegionNetworkEndpointGroup(
            self,
            f"{ids.ENDPOINTS}-{process.name}",
            name=names.resource(f"{self._name}-{process.name}"),
            region=self._props.region,
            network_endpoint_type="SERVERLESS",
            cloud_run=ComputeRegionNetworkEndpointGroupCloudRun(service=self._props.services[process.name]),
        )
        return ComputeBackendService(
            self,
            f"{ids.BACKEND}-{process.name}",
            name=names.resource(f"{self._name}-{process.name}"),
            load_balancing_scheme=SCHEME,
            protocol="HTTPS",
            backend=[ComputeBackendServiceBackend(group=endpoints.id)],
            security_policy=policy,
            custom_request_headers=[f"{CALLER_HEADER}:{{client_ip_address}}"],
            log_config=ComputeBackendServiceLogConfig(enable=True, sample_rate=1),
        ).id

    def _paths(self, backends: Mapping[str, str]) -> ComputeUrlMap:
        nowhere = self._nowhere()
        return ComputeUrlMap(
            self,
            ids.URL_MAP,
            name=self._name,
            default_service=nowhere,
            host_rule=[ComputeUrlMapHostRule(hosts=[self._props.domain], path_matcher=_PATHS)],
            path_matcher=[
                ComputeUrlMapPathMatcher(
                    name=_PATHS,
                    default_service=nowhere,
                    path_rule=[
                        ComputeUrlMapPathMatcherPathRule(
                            paths=list(public_paths(process)), service=backends[process.name]
                        )
                        for process in OPEN
                    ],
                )
            ],
        )

    def _nowhere(self) -> str:
        """What has no path and no name of ours ends here: a service without machines, before which everything is refused."""
        name = f"{self._name}-{ids.NOWHERE}"
        policy = answer_404(self, f"{ids.RATE}-{ids.NOWHERE}", name=name)
        return ComputeBackendService(
            self,
            ids.NOWHERE,
            name=names.resource(name),
            load_balancing_scheme=SCHEME,
            protocol="HTTPS",
            security_policy=policy,
            log_config=ComputeBackendServiceLogConfig(enable=True, sample_rate=1),
        ).id

    def _failures(self) -> AlarmRule:
        called = series(
            "loadbalancing.googleapis.com/https/request_count", "https_lb_rule", url_map_name=self._balancer
        )
        return AlarmRule(
            id=f"{ids.ALARM}-failures",
            name=f"{self._props.name}-gateway-failures",
            description="The gateway answers calls with errors of ours.",
            series=(f"{called} AND metric.labels.response_code_class=500",),
            above=MOST_FAILURES,
            counted=True,
        )


def gateway_name(platform: str) -> str:
    """What its balancer is called, and its lines are found by."""
    return names.resource(f"{platform}-api")


def public_paths(process: Process) -> tuple[str, ...]:
    below = tuple(way for path in process.paths for way in (path, f"{path}/*"))
    return (*below, *process.exact)
