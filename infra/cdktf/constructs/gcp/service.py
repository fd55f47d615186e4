"""One process as a Cloud Run service: who is called by users or by other services.

Nobody reaches it from outside but by the gateway, whatever address Google gives it. It has no check of Google accounts:
its callers have none, and it verifies their tokens itself.
"""

from cdktf_cdktf_provider_google.cloud_run_v2_service import (
    CloudRunV2Service,
    CloudRunV2ServiceTemplate,
    CloudRunV2ServiceTemplateContainers,
    CloudRunV2ServiceTemplateContainersEnv,
    CloudRunV2ServiceTemplateContainersEnvValueSource,
    CloudRunV2ServiceTemplateContainersEnvValueSourceSecretKeyRef,
    CloudRunV2ServiceTemplateContainersLivenessProbe,
    CloudRunV2ServiceTemplateContainersLivenessProbeHttpGet,
    CloudRunV2ServiceTemplateContainersPorts,
    CloudRunV2ServiceTemplateContainersResources,
    CloudRunV2ServiceTemplateContainersStartupProbe,
    CloudRunV2ServiceTemplateContainersStartupProbeHttpGet,
    CloudRunV2ServiceTemplateScaling,
    CloudRunV2ServiceTemplateVpcAccess,
    CloudRunV2ServiceTemplateVpcAccessNetworkInterfaces,
)
from constructs import Construct

from infra.cdktf import ids
from infra.cdktf.constructs.gcp.run import RunProps

# As many as most processes have threads; more would wait inside where another instance could answer.
CALLS_AT_ONCE = 16
PATIENCE_S = 30
_ALIVE = "/healthz"


class Service(Construct):
    """`name` is what the gateway finds it by."""

    def __init__(self, scope: Construct, id_: str, props: RunProps) -> None:
        super().__init__(scope, id_)
        service = CloudRunV2Service(
            self,
            ids.SERVICE,
            name=props.name,
            location=props.region,
            ingress="INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
            invoker_iam_disabled=True,
            # It holds nothing that would be lost.
            deletion_protection=False,
            template=CloudRunV2ServiceTemplate(
                service_account=props.account,
                execution_environment="EXECUTION_ENVIRONMENT_GEN2",
                timeout=f"{PATIENCE_S}s",
                max_instance_request_concurrency=CALLS_AT_ONCE,
                scaling=CloudRunV2ServiceTemplateScaling(
                    min_instance_count=props.least, max_instance_count=props.most
                ),
                vpc_access=_access(props),
                containers=[_container(props)],
            ),
            depends_on=list(props.after),
        )
        self.name = service.name


def _container(props: RunProps) -> CloudRunV2ServiceTemplateContainers:
    port = props.process.port
    return CloudRunV2ServiceTemplateContainers(
        name=props.process.name,
        image=props.image,
        command=list(props.process.command),
        ports=CloudRunV2ServiceTemplateContainersPorts(container_port=port),
        env=[*_values(props), *_secrets(props)],
        resources=CloudRunV2ServiceTemplateContainersResources(
            limits=props.limits,
            # They also work between calls: on messages, revocations, prices.
            cpu_idle=False,
            startup_cpu_boost=True,
        ),
        startup_probe=CloudRunV2ServiceTemplateContainersStartupProbe(
            http_get=CloudRunV2ServiceTemplateContainersStartupProbeHttpGet(path=_ALIVE, port=port),
            period_seconds=5,
            timeout_seconds=3,
            failure_threshold=24,
        ),
        # Alive, whatever the store does: an outage of the store must not stop every instance.
        liveness_probe=CloudRunV2ServiceTemplateContainersLivenessProbe(
            http_get=CloudRunV2ServiceTemplateContainersLivenessProbeHttpGet(path=_ALIVE, port=port),
            period_seconds=15,
            timeout_seconds=5,
            failure_threshold=3,
        ),
    )


def _values(props: RunProps) -> list[CloudRunV2ServiceTemplateContainersEnv]:
    return [
        CloudRunV2ServiceTemplateContainersEnv(name=name, value=value) for name, value in props.values.items()
    ]


def _secrets(props: RunProps) -> list[CloudRunV2ServiceTemplateContainersEnv]:
    return [
        CloudRunV2ServiceTemplateContainersEnv(
            name=setting,
            value_source=CloudRunV2ServiceTemplateContainersEnvValueSource(
                secret_key_ref=CloudRunV2ServiceTemplateContainersEnvValueSourceSecretKeyRef(
                    secret=secret, version="latest"
                )
            ),
        )
        for setting, secret in sorted(props.secrets.items())
    ]


def _access(props: RunProps) -> CloudRunV2ServiceTemplateVpcAccess:
    return CloudRunV2ServiceTemplateVpcAccess(
        # Everything, also to other services and to the internet: only what comes through the VPC counts as from inside
        # there, and instances admit the platform by the address of the VPC's NAT.
        egress="ALL_TRAFFIC",
        network_interfaces=[
            CloudRunV2ServiceTemplateVpcAccessNetworkInterfaces(
                network=props.network, subnetwork=props.subnet, tags=list(props.tags)
            )
        ],
    )
