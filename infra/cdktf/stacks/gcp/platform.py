"""The platform stack on Google Cloud: what all networks of an environment share, and the services where a runtime is given.

One to a project: queues have the topology's names, and names of topics are the whole project's.
"""

from constructs import Construct

from contracts.stack_model import PlatformSpec
from contracts.topology import QUEUES, Queue
from infra.cdktf import ids
from infra.cdktf.constructs.gcp.agents import Agents
from infra.cdktf.constructs.gcp.channels import Channels
from infra.cdktf.constructs.gcp.key import CustomerKey, CustomerKeyProps
from infra.cdktf.constructs.gcp.log_store import LogStoreProps
from infra.cdktf.constructs.gcp.model_store import ModelStore
from infra.cdktf.constructs.gcp.observability import Observability, ObservabilityProps
from infra.cdktf.constructs.gcp.queue_alarms import short
from infra.cdktf.constructs.gcp.queues import OrderedQueue, OrderedQueueProps
from infra.cdktf.stacks.gcp.base import GcpStack
from infra.cdktf.stacks.gcp.platform_models import model_store
from infra.cdktf.stacks.gcp.platform_runtime import Runtime, RuntimeProps

SERVICES = ("auth", "deployments", "pricing", "agent", "health")


class GcpPlatformStack(GcpStack):
    def __init__(self, scope: Construct, spec: PlatformSpec) -> None:
        super().__init__(scope, ids.PLATFORM_STACK, spec)
        self._spec = spec
        self._name = f"flowllama-{spec.environment}"
        self._agents = Agents(self, ids.AGENTS, spec.account)
        self._key = self._customer_key() if spec.customer_key else None
        self._channels = Channels(self, ids.CHANNELS, self._name, spec.alarm_emails).names
        store = model_store(self, spec, self._name, self._agents, self._key_for("storage"))
        queues = {queue.name: self._queue(queue) for queue in QUEUES}
        seen = self._observability(store)
        runtime = self._runtime(queues)
        alarms = [name for queue in queues.values() for name in queue.alarms]
        self.publish(
            queue_urls={name: queue.topic_id for name, queue in queues.items()},
            queue_arns={name: queue.subscription_id for name, queue in queues.items()},
            dead_letter_arns={name: queue.dead_letters_id for name, queue in queues.items()},
            model_bucket=store.bucket,
            model_key_arn=self._key.id if self._key else None,
            replica_bucket=store.replica,
            log_groups=seen.log_buckets,
            # There is no topic: each address is a channel, and other policies may name them.
            alarm_topic_arn=",".join(self._channels) or None,
            dashboard=seen.show([*alarms, *(runtime.alarms if runtime else ())]),
            **(runtime.outputs if runtime else {}),
        )

    def _customer_key(self) -> CustomerKey:
        users = {
            "storage": self._agents.storage,
            "pubsub": self._agents.pubsub,
            "logging": self._agents.logging,
        }
        if self._spec.runtime:
            users["secrets"] = self._agents.secrets
        props = CustomerKeyProps(name=self._name, location=self._spec.region, users=users)
        return CustomerKey(self, ids.CUSTOMER_KEY, props)

    def _key_for(self, user: str) -> str | None:
        return self._key.for_user[user] if self._key else None

    def _queue(self, queue: Queue) -> OrderedQueue:
        return OrderedQueue(
            self,
            short(queue.name),
            OrderedQueueProps(
                name=self._name,
                queue=queue,
                region=self._spec.region,
                agent=self._agents.pubsub,
                key_id=self._key_for("pubsub"),
                channels=self._channels,
            ),
        )

    def _observability(self, store: ModelStore) -> Observability:
        return Observability(
            self,
            ids.OBSERVABILITY,
            ObservabilityProps(
                services=SERVICES,
                logs=self._logs(),
                channels=self._channels,
                queues=tuple((short(queue.name), short(queue.dead_letter)) for queue in QUEUES),
                bucket=self._spec.model_bucket,
                copy_job=store.copy_job,
            ),
        )

    def _logs(self) -> LogStoreProps:
        return LogStoreProps(
            name=self._name,
            project=self._spec.account,
            region=self._spec.region,
            retention_days=self._spec.log_retention_days,
            key_id=self._key_for("logging"),
        )

    def _runtime(self, queues: dict[str, OrderedQueue]) -> Runtime | None:
        if self._spec.runtime is None:
            return None
        props = RuntimeProps(
            spec=self._spec,
            runtime=self._spec.runtime,
            name=self._name,
            project_number=self._agents.number,
            queues=queues,
            storage_key_id=self._key_for("storage"),
            secrets_key_id=self._key_for("secrets"),
            logs=self._logs(),
            channels=self._channels,
            labels=self.labels,
        )
        return Runtime(self, ids.RUNTIME, props)
