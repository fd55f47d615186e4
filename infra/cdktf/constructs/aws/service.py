"""One process as an ECS service on Fargate: its task, how it is replaced, and how many of it there are.

The container runs as nobody in particular on a file system it can't write, but for volumes of its own. A new image
takes over task by task; one that does not come up is taken back.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cdktf import ITerraformDependable, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.ecs_service import (
    EcsService,
    EcsServiceDeploymentCircuitBreaker,
    EcsServiceNetworkConfiguration,
    EcsServiceServiceRegistries,
)
from cdktf_cdktf_provider_aws.ecs_task_definition import (
    EcsTaskDefinition,
    EcsTaskDefinitionRuntimePlatform,
    EcsTaskDefinitionVolume,
)
from cdktf_cdktf_provider_aws.service_discovery_service import (
    ServiceDiscoveryService,
    ServiceDiscoveryServiceDnsConfig,
    ServiceDiscoveryServiceDnsConfigDnsRecords,
    ServiceDiscoveryServiceHealthCheckCustomConfig,
)
from constructs import Construct

from infra.cdktf import ids
from infra.cdktf.constructs.aws import container
from infra.cdktf.constructs.aws.service_scaling import Scale, scale
from infra.cdktf.processes import Process

NAME_TTL_S = 10


@dataclass(frozen=True)
class ServiceProps:
    """`environment` and `secrets` are by setting, the latter to the ARNs of their secrets.

    `task_role` is None for a process that calls no cloud. `namespace_id` is None where nobody calls it by name.
    """

    process: Process
    name: str
    cluster_name: str
    cluster_arn: str
    image: str
    environment: Mapping[str, str]
    secrets: Mapping[str, str]
    start_role_arn: str
    task_role_arn: str | None
    permissions: tuple[ITerraformDependable, ...]
    region: str
    log_group: str
    subnets: tuple[str, ...]
    group_ids: tuple[str, ...]
    namespace_id: str | None
    scale: Scale


class Service(Construct):
    """`registry_arn` is what the gateway finds the tasks by."""

    def __init__(self, scope: Construct, id_: str, props: ServiceProps) -> None:
        super().__init__(scope, id_)
        self._props = props
        self.registry_arn = self._named(props.namespace_id) if props.namespace_id else None
        service = EcsService(
            self,
            ids.SERVICE,
            name=props.process.name,
            cluster=props.cluster_arn,
            task_definition=self._task(),
            desired_count=props.scale.least,
            launch_type="FARGATE",
            enable_execute_command=False,
            enable_ecs_managed_tags=True,
            # After a zone has been away its tasks come back to it.
            availability_zone_rebalancing="ENABLED",
            propagate_tags="SERVICE",
            # One more comes up before one goes: leases and queues see to it that both may run.
            deployment_minimum_healthy_percent=100,
            deployment_maximum_percent=200,
            deployment_circuit_breaker=EcsServiceDeploymentCircuitBreaker(enable=True, rollback=True),
            network_configuration=EcsServiceNetworkConfiguration(
                subnets=list(props.subnets), security_groups=list(props.group_ids), assign_public_ip=False
            ),
            service_registries=self._registries(),
            depends_on=list(props.permissions),
            # How many there are is the scaling's to say, once it has begun.
            lifecycle=TerraformResourceLifecycle(ignore_changes=["desired_count"]),
        )
        self.name = service.name
        scale(self, props.scale, cluster=props.cluster_name, service=service.name)

    def _task(self) -> str:
        process, props = self._props.process, self._props
        return EcsTaskDefinition(
            self,
            ids.TASK,
            family=f"{props.name}-{process.name}",
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu=str(process.vcpu_thousandths),
            memory=str(process.memory_mib),
            runtime_platform=EcsTaskDefinitionRuntimePlatform(
                operating_system_family="LINUX", cpu_architecture="X86_64"
            ),
            execution_role_arn=props.start_role_arn,
            task_role_arn=props.task_role_arn,
            volume=[EcsTaskDefinitionVolume(name=name) for name in container.VOLUMES],
            container_definitions=container.definitions(
                process,
                image=props.image,
                environment=props.environment,
                secrets=props.secrets,
                log_group=props.log_group,
                region=props.region,
            ),
        ).arn

    def _named(self, namespace_id: str) -> str:
        """Two records: an address for the other services, and one with the port, which the gateway asks for."""
        return ServiceDiscoveryService(
            self,
            ids.NAME,
            name=self._props.process.name,
            dns_config=ServiceDiscoveryServiceDnsConfig(
                namespace_id=namespace_id,
                routing_policy="MULTIVALUE",
                dns_records=[
                    ServiceDiscoveryServiceDnsConfigDnsRecords(ttl=NAME_TTL_S, type=kind)
                    for kind in ("A", "SRV")
                ],
            ),
            # Tasks are struck off a little after they have ended, and until then the name could not be destroyed.
            force_destroy=True,
            # ECS says which task is healthy, from the check of its container.
            health_check_custom_config=ServiceDiscoveryServiceHealthCheckCustomConfig(failure_threshold=1),
        ).arn

    def _registries(self) -> EcsServiceServiceRegistries | None:
        if self.registry_arn is None:
            return None
        process = self._props.process
        return EcsServiceServiceRegistries(
            registry_arn=self.registry_arn, container_name=process.name, container_port=process.port
        )
