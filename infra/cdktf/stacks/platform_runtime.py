"""The services of a platform, wired: state bucket and secrets, then one ECS service for each process, then the gateway."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from constructs import Construct

from contracts.stack_model import PlatformSpec
from contracts.stack_model import Runtime as RuntimeSpec
from contracts.stack_platform import SECRETS
from contracts.topology import queues_received_by
from infra.cdktf import ids
from infra.cdktf.constructs.aws.cluster import Cluster, ClusterProps
from infra.cdktf.constructs.aws.gateway import Gateway, GatewayProps
from infra.cdktf.constructs.aws.gateway_domain import GatewayDomain, GatewayDomainProps
from infra.cdktf.constructs.aws.roles import ProcessRole, Start
from infra.cdktf.constructs.aws.secrets import Secrets, SecretsProps
from infra.cdktf.constructs.aws.service import Service, ServiceProps
from infra.cdktf.constructs.aws.service_scaling import Scale
from infra.cdktf.constructs.aws.state_store import StateStore, StateStoreProps
from infra.cdktf.processes import CALLED, HEALTH, OPEN, PROCESSES, Process
from infra.cdktf.stacks import platform_roles as roles
from infra.cdktf.stacks.platform_settings import environment, internal_domain


@dataclass(frozen=True)
class RuntimeProps:
    """`log_groups` are names by service; the gateway gets one beside them, below `log_prefix`."""

    spec: PlatformSpec
    runtime: RuntimeSpec
    name: str
    key_arn: str | None
    boundary_arn: str
    alarm_topic_arn: str
    log_prefix: str
    log_groups: Mapping[str, str]


class Runtime(Construct):
    """`alarms` are ARNs of those that it brings; `outputs` are what an operator needs to know."""

    def __init__(self, scope: Construct, id_: str, props: RuntimeProps) -> None:
        super().__init__(scope, id_)
        self._props, self._spec, self._runtime = props, props.spec, props.runtime
        state = StateStore(self, ids.STATE_STORE, StateStoreProps(props.runtime.state_bucket, props.key_arn))
        self._secrets = Secrets(self, ids.SECRETS, SecretsProps(props.name, SECRETS, props.key_arn))
        self._cluster = self._make_cluster()
        self._task_roles = roles.task_roles(
            self, props.spec, props.runtime, props.key_arn, props.boundary_arn
        )
        services = {process.name: self._service(process) for process in PROCESSES}
        gateway = self._gateway(services)
        self.alarms = (gateway.alarm,)
        self.outputs: Mapping[str, Any] = {
            "api_endpoint": self._endpoint(gateway),
            "cluster": self._cluster.name,
            "services": {name: service.name for name, service in services.items()},
            "secrets": self._secrets.names,
            "state_bucket": state.bucket,
            "task_roles": {name: role.arn for name, role in self._task_roles.items()},
            "boundary_arn": props.boundary_arn,
        }

    def _make_cluster(self) -> Cluster:
        return Cluster(
            self,
            ids.CLUSTER,
            ClusterProps(
                name=self._props.name,
                domain=internal_domain(self._spec),
                vpc_id=self._runtime.vpc_id,
                store_cidrs=self._runtime.store_cidrs,
            ),
        )

    def _start_role(self, process: Process) -> ProcessRole:
        group = self._props.log_groups[process.service]
        start = Start(
            account=self._spec.account,
            region=self._spec.region,
            image=self._runtime.image,
            log_group_arn=f"arn:aws:logs:{self._spec.region}:{self._spec.account}:log-group:{group}",
            stream_prefix=process.name,
            secret_arns=tuple(self._secrets.arns[setting] for setting in process.secrets),
            key_arn=self._props.key_arn,
        )
        return roles.start_role(self, self._spec, process.name, self._props.boundary_arn, start)

    def _service(self, process: Process) -> Service:
        start, role = self._start_role(process), self._task_roles.get(process.name)
        groups = [self._cluster.tasks_group_id]
        if process == HEALTH:
            groups.append(self._cluster.health_group_id)
        return Service(
            self,
            process.name,
            ServiceProps(
                process=process,
                name=self._props.name,
                cluster_name=self._cluster.name,
                cluster_arn=self._cluster.arn,
                image=self._runtime.image,
                environment=environment(self._spec, self._runtime, process),
                secrets={setting: self._secrets.arns[setting] for setting in process.secrets},
                start_role_arn=start.arn,
                task_role_arn=role.arn if role else None,
                permissions=tuple(made for one in (start, role) if one for made in one.permissions),
                region=self._spec.region,
                log_group=self._props.log_groups[process.service],
                subnets=tuple(self._runtime.subnets.values()),
                group_ids=tuple(groups),
                namespace_id=self._cluster.namespace_id if process in (*OPEN, *CALLED) else None,
                scale=self._scale(process),
            ),
        )

    def _scale(self, process: Process) -> Scale:
        received = queues_received_by(process.service) if process.backlog else ()
        return Scale(
            least=self._runtime.min_tasks,
            most=self._runtime.max_tasks,
            queues=tuple(queue.name for queue in received),
            backlog=process.backlog,
        )

    def _gateway(self, services: Mapping[str, Service]) -> Gateway:
        registries = {name: one.registry_arn for name, one in services.items() if one.registry_arn}
        return Gateway(
            self,
            ids.GATEWAY,
            GatewayProps(
                name=self._props.name,
                registries=registries,
                subnets=tuple(self._runtime.subnets.values()),
                group_id=self._cluster.gateway_group_id,
                log_group=f"{self._props.log_prefix}/gateway",
                retention_days=self._spec.log_retention_days,
                key_arn=self._props.key_arn,
                own_name=self._runtime.domain is not None,
                alarm_topic_arn=self._props.alarm_topic_arn,
            ),
        )

    def _endpoint(self, gateway: Gateway) -> str:
        if self._runtime.domain is None or self._runtime.certificate is None:
            return gateway.endpoint
        props = GatewayDomainProps(
            domain=self._runtime.domain,
            certificate_arn=self._runtime.certificate,
            zone_id=self._runtime.dns_zone,
            api_id=gateway.api_id,
            stage=gateway.stage,
        )
        return GatewayDomain(self, ids.GATEWAY_DOMAIN, props).endpoint
