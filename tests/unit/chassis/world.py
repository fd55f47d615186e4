"""One receiving service over a real store and queues in memory, with the time of the queues in the test's hand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from contracts import messages as m
from contracts.envelope import Message, decode, encode
from contracts.topology import DEPLOYMENT_REQUESTS
from services.chassis import outbox
from services.chassis.inbox import INBOX, Inbox
from services.chassis.mongo import Collection, Document, Store, declare
from services.chassis.outbox import OUTBOX_INDEXES, OUTBOX_PROPERTIES, Origin
from services.chassis.queues.memory import MemoryQueues
from services.chassis.queues.port import Delivery, Queues
from services.chassis.recovery import Recovery
from services.chassis.relay import Relay
from services.chassis.worker import Handler, Worker

QUEUE = DEPLOYMENT_REQUESTS
ORIGIN = Origin("deployments", "req_test")
THINGS = Collection(
    name="things",
    owner="tests",
    purpose="Records with an outbox.",
    schema={"bsonType": "object", "properties": dict(OUTBOX_PROPERTIES)},
    indexes=OUTBOX_INDEXES,
)


class Clock(Protocol):
    def __call__(self) -> datetime: ...

    def later(self, **span: float) -> None: ...


@dataclass
class World:
    store: Store
    queues: MemoryQueues
    clock: Clock
    handled: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        declare(self.store, [THINGS])
        self.things = self.store[THINGS.name]

    def inbox(self, owner: str = "a") -> Inbox:
        return Inbox(self.store, "deployments", owner)

    def relay(self, owner: str = "relay-a", queues: Queues | None = None) -> Relay:
        return Relay(self.store, queues or self.queues, [THINGS.name], owner)

    def recovery(self) -> Recovery:
        return Recovery(self.store, self.queues, self.inbox(), [QUEUE], clock=self.clock)

    def worker(
        self,
        handler: Callable[[Message], None] | None = None,
        *,
        owner: str = "a",
        queues: Queues | None = None,
        on_dead_letter: Callable[[Message, str], None] | None = None,
        heartbeat_s: float = 15.0,
    ) -> Worker:
        handlers: Mapping[str, Handler] = {m.CREATE_REQUESTED: handler or self.note}
        return Worker(
            queues=queues or self.queues,
            inbox=self.inbox(owner),
            handlers=handlers,
            choose=lambda: [QUEUE],
            on_dead_letter=on_dead_letter,
            heartbeat_s=heartbeat_s,
        )

    def note(self, message: Message) -> None:
        self.handled.append(message.id)

    def send(self, message: Message | None = None, *, dedup: str | None = None) -> Message:
        """Put a message into the queue as a relay would."""
        sent = message or nudge()
        self.queues.send(QUEUE.name, encode(sent), group=sent.partition_key, dedup_id=dedup or sent.dedup_id)
        return sent

    def record(self, message: Message) -> Document:
        """What the inbox knows of a message."""
        return self.store[INBOX.name].find_one({"_id": f"deployments:{message.id}"}) or {}

    def lapse(self, message: Message) -> None:
        """The claim of a message runs out, as 45 s after a crash."""
        self.store[INBOX.name].update_one(
            {"_id": f"deployments:{message.id}"},
            [{"$set": {"lease.expires_at": {"$subtract": ["$$NOW", 1000]}}}],
        )

    def receive(self, queue: str = QUEUE.name) -> Delivery | None:
        return self.queues.receive(queue, wait_s=0, visibility_s=60)

    def dead_letters(self) -> list[Delivery]:
        found = []
        while (delivery := self.receive(QUEUE.dead_letter)) is not None:
            found.append(delivery)
        return found

    def settle(self, worker: Worker, *, rounds: int = 200) -> None:
        """Let the worker go on, with time passing, until the queue is empty."""
        for _ in range(rounds):
            depth = self.queues.depth(QUEUE.name)
            if not depth.visible and not depth.in_flight:
                return
            worker.run_once()
            self.clock.later(seconds=31)
        raise AssertionError("the queue never became empty")

    def bodies(self, queue: str = QUEUE.name) -> list[Message]:
        """Everything that waits in a queue, taken out, in order of arrival per group."""
        found = []
        while (delivery := self.receive(queue)) is not None:
            found.append(decode(delivery.body))
            self.queues.ack(delivery)
        return found


def nudge(number: int = 1, *, user: str = "usr_a") -> Message:
    """A small message of a real type."""
    data: Mapping[str, Any] = {"deployment_id": f"dep_{number}", "generation": 1, "user_id": user}
    return outbox.compose(ORIGIN, m.CREATE_REQUESTED, subject=f"dep_{number}", group=user, data=data)


HOUR = timedelta(hours=1)
