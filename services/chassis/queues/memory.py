"""The broker in one process: the semantics of SQS FIFO, for tests and single-process use.

It forgets everything when the process ends.
"""

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from services.chassis.clock import Clock, utc_now
from services.chassis.queues.port import Delivery, Depth, ReceiptExpiredError

DEDUP_MEMORY = timedelta(minutes=5)


@dataclass
class _Held:
    body: str
    group: str
    sent_at: datetime
    attributes: Mapping[str, str]
    visible_at: datetime
    receipt: int | None = None
    receives: int = 0


@dataclass
class _Queue:
    messages: deque[_Held] = field(default_factory=deque)
    dedup: dict[str, datetime] = field(default_factory=dict)  # Oldest first.

    def forget_old(self, now: datetime) -> None:
        while self.dedup and now - next(iter(self.dedup.values())) >= DEDUP_MEMORY:
            del self.dedup[next(iter(self.dedup))]


class MemoryQueues:
    """Safe for threads. Waiting receivers are woken by a send, not by polling."""

    def __init__(self, clock: Clock = utc_now) -> None:
        self._clock = clock
        self._queues: dict[str, _Queue] = {}
        self._changed = threading.Condition()
        self._receipts = count(1)

    def send(
        self, queue: str, body: str, *, group: str, dedup_id: str, attributes: Mapping[str, str] | None = None
    ) -> None:
        with self._changed:
            held, now = self._queue(queue), self._clock()
            seen = held.dedup.get(dedup_id)
            if seen is not None and now - seen < DEDUP_MEMORY:
                return
            held.forget_old(now)
            held.dedup[dedup_id] = now
            held.messages.append(_Held(body, group, now, dict(attributes or {}), visible_at=now))
            self._changed.notify_all()

    def receive(self, queue: str, *, wait_s: float, visibility_s: int) -> Delivery | None:
        with self._changed:
            delivery = self._take(queue, visibility_s)
            if delivery is None and wait_s > 0:
                self._changed.wait(wait_s)
                delivery = self._take(queue, visibility_s)
            return delivery

    def ack(self, delivery: Delivery) -> None:
        with self._changed:
            self._queue(delivery.queue).messages.remove(self._held(delivery))
            self._changed.notify_all()

    def retry(self, delivery: Delivery, *, after_s: float) -> None:
        with self._changed:
            held = self._held(delivery)
            held.visible_at = self._clock() + timedelta(seconds=after_s)
            held.receipt = None
            self._changed.notify_all()

    def extend(self, delivery: Delivery, *, visibility_s: int) -> None:
        with self._changed:
            self._held(delivery).visible_at = self._clock() + timedelta(seconds=visibility_s)

    def depth(self, queue: str) -> Depth:
        with self._changed:
            now, messages = self._clock(), self._queue(queue).messages
            in_flight = sum(held.visible_at > now for held in messages)
            return Depth(visible=len(messages) - in_flight, in_flight=in_flight)

    def _queue(self, name: str) -> _Queue:
        return self._queues.setdefault(name, _Queue())

    def _take(self, queue: str, visibility_s: int) -> Delivery | None:
        now, blocked = self._clock(), set()
        for held in self._queue(queue).messages:
            if held.visible_at > now:
                blocked.add(held.group)
            elif held.group not in blocked:
                held.receives += 1
                held.receipt = next(self._receipts)
                held.visible_at = now + timedelta(seconds=visibility_s)
                return Delivery(
                    queue, held.body, held.group, held.receipt, held.receives, held.sent_at, held.attributes
                )
        return None

    def _held(self, delivery: Delivery) -> _Held:
        now = self._clock()
        for held in self._queue(delivery.queue).messages:
            if held.receipt == delivery.receipt and held.visible_at > now:
                return held
        raise ReceiptExpiredError("the visibility timeout of this delivery has passed")
