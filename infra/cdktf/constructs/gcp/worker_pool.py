"""One process as a Cloud Run worker pool: who only takes messages has no address, and nothing to be called by.

A pool has a fixed size. Cloud Run would take an instance away that looks idle, and the agent does while its Terraform
waits for a cloud.
"""

from cdktf_cdktf_provider_google.cloud_run_v2_worker_pool import (
    CloudRunV2WorkerPool,
    CloudRunV2WorkerPoolScaling,
    CloudRunV2WorkerPoolTemplate,
    CloudRunV2WorkerPoolTemplateContainers,
    CloudRunV2WorkerPoolTemplateContainersEnv,
    CloudRunV2WorkerPoolTemplateContainersEnvValueSource,
    CloudRunV2WorkerPoolTemplateContainersEnvValueSourceSecretKeyRef,
    CloudRunV2WorkerPoolTemplateContainersResources,
    CloudRunV2WorkerPoolTemplateVpcAccess,
    CloudRunV2WorkerPoolTemplateVpcAccessNetworkInterfaces,
)
from constructs import Construct

from infra.cdktf import ids
from infra.cdktf.constructs.gcp.run import RunProps


class WorkerPool(Construct):
    def __init__(self, scope: Construct, id_: str, props: RunProps) -> None:
        super().__init__(scope, id_)
        pool = CloudRunV2WorkerPool(
            self,
            ids.SERVICE,
            name=props.name,
            location=props.region,
            # It holds nothing that would be lost.
            deletion_protection=False,
            # The one argument of scaling that Cloud Run kept: bounds without a measure mean nothing.
            scaling=CloudRunV2WorkerPoolScaling(manual_instance_count=props.least),
            template=CloudRunV2WorkerPoolTemplate(
                service_account=props.account,
                vpc_access=CloudRunV2WorkerPoolTemplateVpcAccess(
                    egress="ALL_TRAFFIC",
                    network_interfaces=[
                        CloudRunV2WorkerPoolTemplateVpcAccessNetworkInterfaces(
                            network=props.network, subnetwork=props.subnet, tags=list(props.tags)
                        )
                    ],
                ),
                containers=[
                    CloudRunV2WorkerPoolTemplateContainers(
                        name=props.process.name,
                        image=props.image,
                        command=list(props.process.command),
                        env=[*_values(props), *_secrets(props)],
                        resources=CloudRunV2WorkerPoolTemplateContainersResources(limits=props.limits),
                    )
                ],
            ),
            depends_on=list(props.after),
        )
        self.name = pool.name


def _values(props: RunProps) -> list[CloudRunV2WorkerPoolTemplateContainersEnv]:
    return [
        CloudRunV2WorkerPoolTemplateContainersEnv(name=name, value=value)
        for name, value in props.values.items()
    ]


def _secrets(props: RunProps) -> list[CloudRunV2WorkerPoolTemplateContainersEnv]:
    return [
        CloudRunV2WorkerPoolTemplateContainersEnv(
            name=setting,
            value_source=CloudRunV2WorkerPoolTemplateContainersEnvValueSource(
                secret_key_ref=CloudRunV2WorkerPoolTemplateContainersEnvValueSourceSecretKeyRef(
                    secret=secret, version="latest"
                )
            ),
        )
        for setting, secret in sorted(props.secrets.items())
    ]
