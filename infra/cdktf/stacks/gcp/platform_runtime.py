"""The services of a platform on Google Cloud, wired: state bucket, secrets and accounts, then the processes and the gateway.

Cloud Run refuses a process whose secrets nobody has filled in. So a runtime without tasks has no processes at all: that
is the first apply, and the secrets come between it and the second.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from constructs import Construct

from contracts.stack_model import PlatformSpec
from contracts.stack_model import Runtime as RuntimeSpec
from contracts.stack_platform import SECRETS
from infra.cdktf import ids
from infra.cdktf.constructs.gcp import log_store
from infra.cdktf.constructs.gcp.account import Account
from infra.cdktf.constructs.gcp.egress import Egress, EgressProps
from infra.cdktf.constructs.gcp.gateway import Gateway, GatewayProps, gateway_name
from infra.cdktf.constructs.gcp.queues import OrderedQueue
from infra.cdktf.constructs.gcp.run import RunProps
from infra.cdktf.constructs.gcp.run_names import is_called, run_name
from infra.cdktf.constructs.gcp.secrets import Secrets, SecretsProps
from infra.cdktf.constructs.gcp.service import Service
from infra.cdktf.constructs.gcp.state_store import StateStore, StateStoreProps
from infra.cdktf.constructs.gcp.worker_pool import WorkerPool
from infra.cdktf.processes import HEALTH, PROCESSES, Process
from infra.cdktf.stacks.gcp.platform_accounts import AccountsProps, accounts
from infra.cdktf.stacks.gcp.platform_settings import environment


@dataclass(frozen=True)
class RuntimeProps:
    """`queues` are by their name in the topology; `channels` are told by the gateway's alarm."""

    spec: PlatformSpec
    runtime: RuntimeSpec
    name: str
    project_number: str
    queues: Mapping[str, OrderedQueue]
    storage_key_id: str | None
    secrets_key_id: str | None
    logs: log_store.LogStoreProps
    channels: tuple[str, ...]
    labels: Mapping[str, str]


class Runtime(Construct):
    """`alarms` are names of those that it brings; `outputs` are what an operator needs to know."""

    def __init__(self, scope: Construct, id_: str, props: RuntimeProps) -> None:
        super().__init__(scope, id_)
        self._props, self._spec, self._runtime = props, props.spec, props.runtime
        state = StateStore(
            self,
            ids.STATE_STORE,
            StateStoreProps(props.runtime.state_bucket, props.spec.region, props.storage_key_id),
        )
        self._secrets = Secrets(
            self, ids.SECRETS, SecretsProps(props.name, SECRETS, props.spec.region, props.secrets_key_id)
        )
        self._accounts = self._make_accounts(state)
        self.alarms: tuple[str, ...] = ()
        self.outputs: dict[str, Any] = {
            "secrets": self._secrets.names,
            "state_bucket": state.bucket,
            "task_roles": {name: account.email for name, account in self._accounts.items()},
        }
        self._keep_lines_of_gateway()
        if props.runtime.min_tasks:
            self._start()

    def _make_accounts(self, state: StateStore) -> Mapping[str, Account]:
        return accounts(
            self,
            AccountsProps(
                name=self._props.name,
                project=self._spec.account,
                queues=self._props.queues,
                secrets=self._secrets.ids,
                state_bucket=state.bucket,
                state_bucket_name=self._runtime.state_bucket,
            ),
        )

    def _keep_lines_of_gateway(self) -> None:
        """Also while there is none: a log bucket's name stays taken for a week after it went."""
        balancer = gateway_name(self._props.name)
        lines = f'resource.type="http_load_balancer" AND resource.labels.url_map_name="{balancer}"'
        log_store.keep(self, "gateway", lines, self._props.logs)
        log_store.keep_nowhere_else(self, "gateway", lines, self._props.logs)

    def _start(self) -> None:
        egress = Egress(
            self,
            ids.WAYS_OUT_OF_SERVICES,
            EgressProps(self._props.name, self._runtime.vpc_id, self._runtime.store_cidrs),
        )
        names = {process.name: self._run(process, egress) for process in PROCESSES}
        gateway = self._gateway(names)
        self.alarms = (gateway.alarm,)
        self.outputs |= {"api_endpoint": gateway.endpoint, "services": names}

    def _run(self, process: Process, egress: Egress) -> str:
        props = self._run_props(process, egress)
        if is_called(process):
            return Service(self, process.name, props).name
        return WorkerPool(self, process.name, props).name

    def _run_props(self, process: Process, egress: Egress) -> RunProps:
        account = self._accounts[process.name]
        return RunProps(
            name=run_name(self._props.name, process),
            region=self._spec.region,
            process=process,
            image=self._runtime.image,
            account=account.email,
            environment=environment(
                self._spec,
                self._runtime,
                process,
                name=self._props.name,
                project_number=self._props.project_number,
            ),
            secrets={setting: self._secrets.names[setting] for setting in process.secrets},
            network=self._runtime.vpc_id,
            # A region has one for all its zones.
            subnet=next(iter(self._runtime.subnets.values())),
            tags=(egress.tag, egress.health_tag) if process == HEALTH else (egress.tag,),
            least=self._runtime.min_tasks,
            most=self._runtime.max_tasks,
            after=tuple(account.grants),
        )

    def _gateway(self, names: Mapping[str, str]) -> Gateway:
        if self._runtime.domain is None:
            raise ValueError("a platform on Google Cloud needs a domain: its gateway has no name of its own")
        return Gateway(
            self,
            ids.GATEWAY,
            GatewayProps(
                name=self._props.name,
                region=self._spec.region,
                services=names,
                domain=self._runtime.domain,
                certificate=self._runtime.certificate,
                managed_zone=self._runtime.dns_zone,
                channels=self._props.channels,
                labels=self._props.labels,
            ),
        )
