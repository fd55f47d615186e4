"""The queues of the topology. A queue brings its dead-letter queue and its alarms; there is none without them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cdktf_cdktf_provider_aws.sqs_queue import SqsQueue
from constructs import Construct

from contracts.topology import BROKER_MAX_RECEIVES, RETENTION_DAYS, VISIBILITY_TIMEOUT_S, Queue
from infra.cdktf import ids
from infra.cdktf.constructs.aws import policy
from infra.cdktf.constructs.aws.alarm import AlarmRule, raise_alarm

MOST_WAITING = 1000
# A command is at work for as long as its machine takes to start, and its message is as old as that.
OLDEST_S = {"agent": 3600}
USUAL_OLDEST_S = 900
_NAMESPACE = "AWS/SQS"
_WAITING = "ApproximateNumberOfMessagesVisible"


@dataclass(frozen=True)
class FifoQueueProps:
    """`name` is the environment's, for the alarms; the queue's own name is the topology's.

    `sending_rules` are the ARNs of the EventBridge rules that may send to the queue beside the services.
    """

    name: str
    queue: Queue
    account: str
    region: str
    alarm_topic_arn: str
    sending_rules: tuple[str, ...] = ()


class FifoQueue(Construct):
    """`alarms` are the ARNs of three: too many waiting, too old, any dead letter."""

    def __init__(self, scope: Construct, id_: str, props: FifoQueueProps) -> None:
        super().__init__(scope, id_)
        self._props = props
        # Each of the two names the other, so one side is an ARN put together from what is known beforehand.
        allowed = {"redrivePermission": "byQueue", "sourceQueueArns": [self._arn(props.queue.name)]}
        dead_letters = self._build(ids.DEAD_LETTERS, props.queue.dead_letter, redrive_allow=allowed)
        queue = self._build(
            ids.QUEUE,
            props.queue.name,
            redrive={"deadLetterTargetArn": dead_letters.arn, "maxReceiveCount": BROKER_MAX_RECEIVES},
            statements=[_rules_may_send(self._arn(props.queue.name), props.sending_rules)]
            if props.sending_rules
            else [],
        )
        self.url, self.arn, self.dead_letter_arn = queue.url, queue.arn, dead_letters.arn
        self.alarms = tuple(raise_alarm(self, rule, props.alarm_topic_arn) for rule in self._rules())

    def _build(
        self,
        id_: str,
        name: str,
        redrive: Mapping[str, object] | None = None,
        redrive_allow: Mapping[str, object] | None = None,
        statements: Sequence[policy.Statement] = (),
    ) -> SqsQueue:
        return SqsQueue(
            self,
            id_,
            name=name,
            fifo_queue=True,
            # Services name the deduplication id, which counts the attempts of one command. The cloud names none.
            content_based_deduplication=name == self._props.queue.name and self._props.queue.from_cloud,
            visibility_timeout_seconds=VISIBILITY_TIMEOUT_S,
            message_retention_seconds=RETENTION_DAYS * 24 * 3600,
            sqs_managed_sse_enabled=True,
            redrive_policy=_compact(redrive),
            redrive_allow_policy=_compact(redrive_allow),
            policy=policy.document(policy.only_by_tls("sqs:*", [self._arn(name)]), *statements),
        )

    def _arn(self, name: str) -> str:
        return f"arn:aws:sqs:{self._props.region}:{self._props.account}:{name}"

    def _rules(self) -> list[AlarmRule]:
        queue = self._props.queue
        oldest = OLDEST_S.get(queue.receiver, USUAL_OLDEST_S)
        return [
            self._rule(
                "depth", queue.name, _WAITING, MOST_WAITING, f"{queue.receiver} does not keep up.", periods=3
            ),
            self._rule(
                "age",
                queue.name,
                "ApproximateAgeOfOldestMessage",
                oldest,
                f"{queue.receiver} has left a message undone for more than {oldest} s.",
            ),
            self._rule(
                "dead-letter",
                queue.dead_letter,
                _WAITING,
                0,
                f"{queue.receiver} has given a message up: see the dead letters and their reasons.",
            ),
        ]

    def _rule(
        self, kind: str, queue: str, metric: str, above: int, description: str, periods: int = 1
    ) -> AlarmRule:
        return AlarmRule(
            id=f"{ids.ALARM}-{kind}",
            name=f"{self._props.name}-{self._props.queue.name.removesuffix('.fifo')}-{kind}",
            description=description,
            namespace=_NAMESPACE,
            metric=metric,
            dimensions={"QueueName": queue},
            above=above,
            period_s=300,
            periods=periods,
        )


def _rules_may_send(queue_arn: str, rules: Sequence[str]) -> policy.Statement:
    return {
        "Sid": "NoticesOfTheCloud",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": list(rules)}},
    }


def _compact(value: Mapping[str, object] | None) -> str | None:
    """As SQS gives it back: Terraform compares these two as text, and a space would be a change in every plan."""
    return None if value is None else json.dumps(value, separators=(",", ":"))
