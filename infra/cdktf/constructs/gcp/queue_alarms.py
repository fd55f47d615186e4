"""When a queue is news: too many wait, one waits too long, or one was given up."""

from contracts.topology import Queue
from infra.cdktf import ids
from infra.cdktf.constructs.gcp.alarm import AlarmRule, series

MOST_WAITING = 1000
# A command is at work for as long as its machine takes to start, and its message is as old as that.
OLDEST_S = {"agent": 3600}
USUAL_OLDEST_S = 900
_WAITING = "pubsub.googleapis.com/subscription/num_undelivered_messages"
_OLDEST = "pubsub.googleapis.com/subscription/oldest_unacked_message_age"


def alarm_rules(platform: str, queue: Queue) -> list[AlarmRule]:
    receiver = queue.receiver
    oldest = OLDEST_S.get(receiver, USUAL_OLDEST_S)
    stem = f"{platform}-{short(queue.name)}"
    return [
        AlarmRule(
            id=f"{ids.ALARM}-depth",
            name=f"{stem}-depth",
            description=f"{receiver} does not keep up.",
            series=(_of(_WAITING, queue.name),),
            above=MOST_WAITING,
            periods=3,
        ),
        AlarmRule(
            id=f"{ids.ALARM}-age",
            name=f"{stem}-age",
            description=f"{receiver} has left a message undone for more than {oldest} s.",
            series=(_of(_OLDEST, queue.name),),
            above=oldest,
        ),
        AlarmRule(
            id=f"{ids.ALARM}-dead-letter",
            name=f"{stem}-dead-letter",
            description=f"{receiver} has given a message up: see the dead letters and their reasons.",
            series=(_of(_WAITING, queue.dead_letter),),
            above=0,
        ),
    ]


def short(name: str) -> str:
    """The name of topic and subscription. The ending is a word of SQS's alone."""
    return name.removesuffix(".fifo")


def _of(metric: str, queue: str) -> str:
    return series(metric, "pubsub_subscription", subscription_id=short(queue))
