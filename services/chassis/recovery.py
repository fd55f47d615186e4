"""Heal a queue that lost its messages: what the events log holds and no inbox knows is sent again.

A broker that restarts empty is a delay, never a loss. A message is taken for lost only when its queue is empty
and it was published a while ago, so a backlog is left alone; the copy has the same message id, hence one effect.
"""

import threading
from collections.abc import Iterable
from datetime import datetime, timedelta

from contracts.topology import Queue
from services.chassis.clock import Clock, utc_now
from services.chassis.errors import FOREIGN_OUTAGES
from services.chassis.inbox import Inbox
from services.chassis.logs import get_logger
from services.chassis.metrics import EVENTS_RESENT, QUEUE_DEPTH
from services.chassis.mongo import Document, Store
from services.chassis.queues.port import Queues
from services.chassis.relay import EVENTS

log = get_logger(__name__)

LOST_AFTER = timedelta(seconds=20)
LOOKED_BACK = timedelta(hours=24)
BATCH = 500


class Recovery:
    """Each receiving service looks after its own queues."""

    def __init__(
        self,
        store: Store,
        queues: Queues,
        inbox: Inbox,
        received: Iterable[Queue],
        *,
        clock: Clock = utc_now,
        every_s: float = 10.0,
    ) -> None:
        self._events = store[EVENTS.name]
        self._queues = queues
        self._inbox = inbox
        self._received = tuple(received)
        self._clock = clock
        self._every_s = every_s

    def run(self, stopping: threading.Event) -> None:
        while not stopping.wait(self._every_s):
            try:
                self.heal()
            except FOREIGN_OUTAGES as error:
                log.warning("recovery_outage", error=type(error).__name__)

    def heal(self) -> int:
        """One look at every queue; returns how many messages were sent again."""
        until = self._clock() - LOST_AFTER
        return sum(self._heal_queue(queue, until) for queue in self._received)

    def _heal_queue(self, queue: Queue, until: datetime) -> int:
        depth = self._queues.depth(queue.name)
        QUEUE_DEPTH.labels(queue.name, "visible").set(depth.visible)
        QUEUE_DEPTH.labels(queue.name, "in_flight").set(depth.in_flight)
        if depth.visible or depth.in_flight:
            return 0
        recent = {
            "queues": queue.name,
            "published_at": {"$gt": self._clock() - LOOKED_BACK, "$lt": until},
            "arrived": {"$ne": queue.name},
        }
        lost = 0
        for event in self._events.find(recent).sort("_id", 1).limit(BATCH):
            if self._inbox.has_finished(event["_id"]):
                self._mark_arrived(event, queue)
            else:
                self._resend(event, queue)
                lost += 1
        return lost

    def _resend(self, event: Document, queue: Queue) -> None:
        resends = int(event.get("resends", 0)) + 1
        self._events.update_one({"_id": event["_id"]}, {"$inc": {"resends": 1}})
        dedup_id = f"{event['_id']}:again{resends}"
        self._queues.send(queue.name, event["body"], group=event["group"], dedup_id=dedup_id)
        EVENTS_RESENT.labels(queue.name).inc()
        log.warning("message_sent_again", message_id=event["_id"], queue=queue.name, resends=resends)

    def _mark_arrived(self, event: Document, queue: Queue) -> None:
        """The next look passes over what has arrived."""
        self._events.update_one({"_id": event["_id"]}, {"$addToSet": {"arrived": queue.name}})
