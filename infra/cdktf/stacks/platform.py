"""The platform stack: what all networks of an environment share, and the services themselves where a runtime is given.

Queues, the model store, and what tells an operator how things are. One to an account and region: the queues have
the topology's names.
"""

from collections.abc import Mapping

from constructs import Construct

from contracts.stack_model import PlatformSpec
from contracts.topology import HEALTH_EVENTS, QUEUES, Queue
from infra.cdktf import ids
from infra.cdktf.constructs.aws.key import CustomerKey, CustomerKeyProps
from infra.cdktf.constructs.aws.notices import SpotNotices, SpotNoticesProps, rule_arn
from infra.cdktf.constructs.aws.observability import (
    AlarmTopic,
    AlarmTopicProps,
    Observability,
    ObservabilityProps,
)
from infra.cdktf.constructs.aws.queues import FifoQueue, FifoQueueProps
from infra.cdktf.stacks import platform_models as models
from infra.cdktf.stacks import platform_roles as roles
from infra.cdktf.stacks.base import AwsStack
from infra.cdktf.stacks.platform_runtime import Runtime, RuntimeProps

SERVICES = ("auth", "deployments", "pricing", "agent", "health")
# Beside /flowllama/, not below it: there an instance's role may write, and must not forge what a service says.
LOG_GROUPS = "/flowllama-services"


class PlatformStack(AwsStack):
    def __init__(self, scope: Construct, spec: PlatformSpec) -> None:
        super().__init__(scope, ids.PLATFORM_STACK, spec)
        self._spec = spec
        self._name = f"flowllama-{spec.environment}"
        self._log_groups = f"{LOG_GROUPS}/{spec.environment}"
        key_arn = self._key() if spec.customer_key else None
        topic_arn = self._alarm_topic(key_arn)
        boundary_arn = roles.boundary(self, spec, spec.runtime, self._name) if spec.runtime else None
        store = models.model_store(self, spec, self._name, key_arn, boundary_arn)
        queues = {queue.name: self._queue(queue, topic_arn) for queue in QUEUES}
        notices = self._notices(queues[HEALTH_EVENTS.name].arn, topic_arn)
        seen = self._observability(key_arn, topic_arn)
        runtime = self._runtime(key_arn, topic_arn, boundary_arn, seen.log_groups) if boundary_arn else None
        alarms = [*(arn for queue in queues.values() for arn in queue.alarms), notices.alarm]
        self.publish(
            queue_urls={name: queue.url for name, queue in queues.items()},
            queue_arns={name: queue.arn for name, queue in queues.items()},
            dead_letter_arns={name: queue.dead_letter_arn for name, queue in queues.items()},
            model_bucket=store.bucket,
            model_key_arn=key_arn,
            replica_bucket=store.replica,
            log_groups=seen.log_groups,
            alarm_topic_arn=topic_arn,
            dashboard=seen.show([*alarms, *(runtime.alarms if runtime else ())]),
            **(runtime.outputs if runtime else {}),
        )

    def _key(self) -> str:
        return CustomerKey(
            self,
            ids.CUSTOMER_KEY,
            CustomerKeyProps(
                name=self._name,
                account=self._spec.account,
                region=self._spec.region,
                log_groups=f"{self._log_groups}/*",
                for_alarms=True,
            ),
        ).arn

    def _alarm_topic(self, key_arn: str | None) -> str:
        return AlarmTopic(
            self,
            ids.ALARM_TOPIC,
            AlarmTopicProps(
                name=self._name,
                account=self._spec.account,
                region=self._spec.region,
                key_arn=key_arn,
                emails=self._spec.alarm_emails,
            ),
        ).arn

    def _queue(self, queue: Queue, topic_arn: str) -> FifoQueue:
        return FifoQueue(
            self,
            queue.name.removesuffix(".fifo"),
            FifoQueueProps(
                name=self._name,
                queue=queue,
                account=self._spec.account,
                region=self._spec.region,
                alarm_topic_arn=topic_arn,
                sending_rules=self._sending_rules() if queue.from_cloud else (),
            ),
        )

    def _sending_rules(self) -> tuple[str, ...]:
        return (rule_arn(self._name, self._spec.region, self._spec.account),)

    def _notices(self, queue_arn: str, topic_arn: str) -> SpotNotices:
        props = SpotNoticesProps(name=self._name, queue_arn=queue_arn, alarm_topic_arn=topic_arn)
        return SpotNotices(self, ids.NOTICES, props)

    def _observability(self, key_arn: str | None, topic_arn: str) -> Observability:
        return Observability(
            self,
            ids.OBSERVABILITY,
            ObservabilityProps(
                name=self._name,
                region=self._spec.region,
                services=SERVICES,
                log_groups=self._log_groups,
                retention_days=self._spec.log_retention_days,
                key_arn=key_arn,
                alarm_topic_arn=topic_arn,
                alarms=models.copy_alarms(self._spec, self._name),
                queues=tuple((queue.name, queue.dead_letter) for queue in QUEUES),
                bucket=self._spec.model_bucket,
            ),
        )

    def _runtime(
        self, key_arn: str | None, topic_arn: str, boundary_arn: str, log_groups: Mapping[str, str]
    ) -> Runtime | None:
        if self._spec.runtime is None:
            return None
        props = RuntimeProps(
            spec=self._spec,
            runtime=self._spec.runtime,
            name=self._name,
            key_arn=key_arn,
            boundary_arn=boundary_arn,
            alarm_topic_arn=topic_arn,
            log_prefix=self._log_groups,
            log_groups=log_groups,
        )
        return Runtime(self, ids.RUNTIME, props)
