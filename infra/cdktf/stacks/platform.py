"""The platform stack: what all networks of an environment share, apart from the services themselves.

Queues, the model store, and what tells an operator how things are. One to an account and region: the queues have
the topology's names.
"""

from constructs import Construct

from contracts.stack_model import PlatformSpec
from contracts.topology import HEALTH_EVENTS, QUEUES, Queue
from infra.cdktf import ids
from infra.cdktf.constructs.aws.alarm import AlarmRule
from infra.cdktf.constructs.aws.key import CustomerKey, CustomerKeyProps
from infra.cdktf.constructs.aws.model_store import (
    REPLICATION_RULE,
    ModelStore,
    ModelStoreProps,
    ReplicaProps,
)
from infra.cdktf.constructs.aws.notices import SpotNotices, SpotNoticesProps, rule_arn
from infra.cdktf.constructs.aws.observability import (
    AlarmTopic,
    AlarmTopicProps,
    Observability,
    ObservabilityProps,
)
from infra.cdktf.constructs.aws.queues import FifoQueue, FifoQueueProps
from infra.cdktf.stacks.base import AwsStack

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
        store = self._model_store(key_arn)
        queues = {queue.name: self._queue(queue, topic_arn) for queue in QUEUES}
        notices = SpotNotices(
            self,
            ids.NOTICES,
            SpotNoticesProps(
                name=self._name, queue_arn=queues[HEALTH_EVENTS.name].arn, alarm_topic_arn=topic_arn
            ),
        )
        alarms = [*(arn for queue in queues.values() for arn in queue.alarms), notices.alarm]
        seen = self._observability(key_arn, topic_arn, alarms)
        self.publish(
            queue_urls={name: queue.url for name, queue in queues.items()},
            queue_arns={name: queue.arn for name, queue in queues.items()},
            dead_letter_arns={name: queue.dead_letter_arn for name, queue in queues.items()},
            model_bucket=store.bucket,
            model_key_arn=key_arn,
            replica_bucket=store.replica,
            log_groups=seen.log_groups,
            alarm_topic_arn=topic_arn,
            dashboard=seen.dashboard,
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

    def _model_store(self, key_arn: str | None) -> ModelStore:
        return ModelStore(
            self,
            ids.MODEL_STORE,
            ModelStoreProps(
                bucket=self._spec.model_bucket,
                account=self._spec.account,
                region=self._spec.region,
                key_arn=key_arn,
                replica=self._replica(),
            ),
        )

    def _replica(self) -> ReplicaProps | None:
        wanted = self._spec.replica
        if wanted is None:
            return None
        provider = self.add_provider(ids.REPLICA_PROVIDER, self._spec, wanted.region, alias="replica")
        if not wanted.enabled:
            return None
        key_arn = None
        if self._spec.customer_key:
            props = CustomerKeyProps(
                name=f"{self._name}-replica",
                account=self._spec.account,
                region=wanted.region,
                provider=provider,
            )
            key_arn = CustomerKey(self, ids.REPLICA_KEY, props).arn
        return ReplicaProps(bucket=wanted.bucket, region=wanted.region, provider=provider, key_arn=key_arn)

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

    def _observability(self, key_arn: str | None, topic_arn: str, alarm_arns: list[str]) -> Observability:
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
                alarms=self._copy_alarms(),
                alarm_arns=tuple(alarm_arns),
                queues=tuple((queue.name, queue.dead_letter) for queue in QUEUES),
                bucket=self._spec.model_bucket,
            ),
        )

    def _copy_alarms(self) -> tuple[AlarmRule, ...]:
        if self._spec.replica is None or not self._spec.replica.enabled:
            return ()
        failed = AlarmRule(
            id=f"{ids.ALARM}-replication",
            name=f"{self._name}-replication",
            description="A model could not be copied to the second region.",
            namespace="AWS/S3",
            metric="OperationsFailedReplication",
            dimensions={
                "SourceBucket": self._spec.model_bucket,
                "DestinationBucket": self._spec.replica.bucket,
                "RuleId": REPLICATION_RULE,
            },
            above=0,
            statistic="Sum",
        )
        return (failed,)
