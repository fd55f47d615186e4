"""The queues of the topology. A queue brings its dead letters and its alarms; there is none without them.

What SQS calls a FIFO queue is a topic here with one pull subscription in order of keys.
"""

from dataclasses import dataclass

from cdktf_cdktf_provider_google.pubsub_subscription import (
    PubsubSubscription,
    PubsubSubscriptionDeadLetterPolicy,
    PubsubSubscriptionExpirationPolicy,
    PubsubSubscriptionRetryPolicy,
)
from cdktf_cdktf_provider_google.pubsub_subscription_iam_member import PubsubSubscriptionIamMember
from cdktf_cdktf_provider_google.pubsub_topic import PubsubTopic, PubsubTopicMessageStoragePolicy
from cdktf_cdktf_provider_google.pubsub_topic_iam_member import PubsubTopicIamMember
from constructs import Construct

from contracts.topology import RETENTION_DAYS, VISIBILITY_TIMEOUT_S, Queue
from infra.cdktf import ids
from infra.cdktf.constructs.gcp.alarm import raise_alarm
from infra.cdktf.constructs.gcp.queue_alarms import alarm_rules, short

# The most that Pub/Sub takes. It counts NACKs and deadlines that passed, so like the topology's it is a distant back-stop.
MOST_ATTEMPTS = 100
# Without a pause, what a process dies of would use up its attempts in no time.
_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 10, 600


@dataclass(frozen=True)
class OrderedQueueProps:
    """`name` is the environment's, for the alarms; the queue's own name is the topology's.

    `agent` is Pub/Sub's own account, as a member; `channels` are told by the alarms.
    """

    name: str
    queue: Queue
    region: str
    agent: str
    key_id: str | None
    channels: tuple[str, ...]


class OrderedQueue(Construct):
    """`topic` and `subscription` are names; the ids have their project. `alarms` are three: depth, age, dead letters."""

    def __init__(self, scope: Construct, id_: str, props: OrderedQueueProps) -> None:
        super().__init__(scope, id_)
        self._props = props
        dead = self._topic(f"{ids.DEAD_LETTERS}-{ids.TOPIC}", short(props.queue.dead_letter))
        # A topic keeps nothing: what nobody subscribes to is lost.
        letters = self._subscription(f"{ids.DEAD_LETTERS}-{ids.SUBSCRIPTION}", dead)
        topic = self._topic(ids.TOPIC, short(props.queue.name))
        subscription = self._forwarding(topic, dead)
        self.topic, self.topic_id, self.dead_topic = topic.name, topic.id, dead.name
        self.subscription, self.subscription_id = subscription.name, subscription.id
        self.dead_letters_id = letters.id
        rules = alarm_rules(props.name, props.queue)
        self.alarms = tuple(raise_alarm(self, rule, props.channels) for rule in rules)

    def _forwarding(self, topic: PubsubTopic, dead: PubsubTopic) -> PubsubSubscription:
        """Pub/Sub's own account moves a message that nobody could handle: it sends there, and takes out here."""
        sends = PubsubTopicIamMember(
            self,
            ids.MAY_FORWARD,
            topic=dead.name,
            role="roles/pubsub.publisher",
            member=self._props.agent,
        )
        policy = PubsubSubscriptionDeadLetterPolicy(
            dead_letter_topic=dead.id, max_delivery_attempts=MOST_ATTEMPTS
        )
        subscription = self._subscription(ids.SUBSCRIPTION, topic, policy, after=sends)
        PubsubSubscriptionIamMember(
            self,
            ids.MAY_TAKE_OUT,
            subscription=subscription.name,
            role="roles/pubsub.subscriber",
            member=self._props.agent,
        )
        return subscription

    def _topic(self, id_: str, name: str) -> PubsubTopic:
        return PubsubTopic(
            self,
            id_,
            name=name,
            kms_key_name=self._props.key_id,
            # Messages name users and deployments, so they stay in the region. Order is kept within one region only.
            message_storage_policy=PubsubTopicMessageStoragePolicy(
                allowed_persistence_regions=[self._props.region]
            ),
        )

    def _subscription(
        self,
        id_: str,
        topic: PubsubTopic,
        dead_letters: PubsubSubscriptionDeadLetterPolicy | None = None,
        after: PubsubTopicIamMember | None = None,
    ) -> PubsubSubscription:
        return PubsubSubscription(
            self,
            id_,
            name=topic.name,
            topic=topic.id,
            ack_deadline_seconds=VISIBILITY_TIMEOUT_S,
            message_retention_duration=f"{RETENTION_DAYS * 24 * 3600}s",
            # Dead letters are looked at all at once, and a redrive sorts them by time.
            enable_message_ordering=dead_letters is not None,
            # The inbox drops what comes twice, also what a sender sent twice, which this would let through.
            enable_exactly_once_delivery=False,
            retain_acked_messages=False,
            # Otherwise a queue that nobody reads for a month is deleted.
            expiration_policy=PubsubSubscriptionExpirationPolicy(ttl=""),
            retry_policy=PubsubSubscriptionRetryPolicy(
                minimum_backoff=f"{_SHORTEST_PAUSE_S}s", maximum_backoff=f"{_LONGEST_PAUSE_S}s"
            ),
            dead_letter_policy=dead_letters,
            depends_on=[after] if after else None,
        )
