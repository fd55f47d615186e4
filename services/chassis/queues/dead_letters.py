"""What stands in the dead-letter queues, and the way back.

A redrive forgets the verdict and the failure count, and sends the message again under its own id with a new
dedup id: it is handled once more, and it is one effect however often it is redriven.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contracts.envelope import Message, UndecodableMessageError, decode
from contracts.topology import QUEUES, Queue
from services.chassis.ids import new_id
from services.chassis.inbox import Inbox
from services.chassis.mongo import Store
from services.chassis.queues.port import Delivery, Queues

HELD_S = 20  # How long a listing may take; then everything is visible again by itself.


@dataclass(frozen=True)
class DeadLetter:
    """One dead letter: its message is None where the body could not be decoded."""

    queue: Queue
    delivery: Delivery
    message: Message | None

    @property
    def reason(self) -> str:
        return self.delivery.attributes.get("reason", "the broker gave up delivering it")


def listed(queues: Queues, names: Sequence[str] = ()) -> list[DeadLetter]:
    """Every dead letter, oldest message first; they stay where they are."""
    found = list(_received(queues, names))
    for letter in found:
        queues.retry(letter.delivery, after_s=0)
    return sorted(found, key=lambda letter: letter.delivery.sent_at)


def redrive(queues: Queues, store: Store, names: Sequence[str] = (), message_id: str | None = None) -> int:
    """Send dead letters back to their queues, oldest first; undecodable ones stay. Returns how many went."""
    found = sorted(_received(queues, names), key=lambda letter: letter.delivery.sent_at)
    sent = 0
    for letter in found:
        message = letter.message
        if message is None or (message_id is not None and message.id != message_id):
            queues.retry(letter.delivery, after_s=0)
            continue
        Inbox(store, letter.queue.receiver, "redrive").forget(message.id)
        queues.send(
            letter.queue.name,
            letter.delivery.body,
            group=message.partition_key,
            dedup_id=f"{message.dedup_id}:{new_id('rdv')}",
        )
        queues.ack(letter.delivery)
        sent += 1
    return sent


def _received(queues: Queues, names: Sequence[str]) -> Iterator[DeadLetter]:
    for queue in QUEUES:
        if names and queue.name not in names:
            continue
        while delivery := queues.receive(queue.dead_letter, wait_s=0, visibility_s=HELD_S):
            yield DeadLetter(queue, delivery, _decoded(delivery.body))


def _decoded(body: str) -> Message | None:
    try:
        return decode(body)
    except UndecodableMessageError:
        return None
