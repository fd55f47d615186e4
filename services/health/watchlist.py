"""What is polled and when: due times live in memory and are made again from the records after a restart."""

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from contracts.vocabulary import InstanceStatus
from services.chassis.mongo import Document
from services.health.model import Streak

SUSPECT_S = 2.0  # After a first failure, or a first success of an unhealthy one: settle it quickly.
UNHEALTHY_S = 10.0
FOREIGN_S = 2.0  # How often we see whether another poller's instance has become ours.
JITTER = 0.1


@dataclass(frozen=True)
class Pace:
    """Seconds between two looks, by what is known. A tenth is drawn either way: polls never fall in step."""

    running_s: float = 30.0
    starting_s: float = 2.0
    draw: Callable[[], float] = field(default=lambda: 0.5)

    def next_after(self, record: Document, streak: Streak) -> float:
        status = InstanceStatus(record["status"])
        if status is InstanceStatus.STARTING:
            base = self.starting_s
        elif status is InstanceStatus.UNHEALTHY:
            base = SUSPECT_S if streak.successes else min(UNHEALTHY_S, self.running_s)
        else:
            base = min(SUSPECT_S, self.running_s) if streak.failures else self.running_s
        return base * (1 + JITTER * (2 * self.draw() - 1))

    def first_after(self, record: Document) -> float:
        """A new machine is looked at almost at once; after a restart the known ones are spread over a cycle."""
        starting = record["status"] == InstanceStatus.STARTING
        return self.draw() * (min(self.starting_s, 0.5) if starting else self.running_s)


@dataclass
class Watch:
    """One instance that is polled."""

    record: Document
    due: float
    streak: Streak = field(default_factory=Streak)
    polling: bool = False
    cloud_asked_at: float | None = None
    absences: int = 0


class Watchlist:
    """Not safe for threads: it belongs to the event loop."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._watches: dict[str, Watch] = {}
        self._due: list[tuple[float, str]] = []

    def __len__(self) -> int:
        return len(self._watches)

    def follow(self, records: Iterable[Document], now: float) -> None:
        """Take over newer records, and drop those that are not to be watched any more."""
        for record in records:
            watch = self._watches.get(record["_id"])
            if not record["watched"]:
                self._watches.pop(record["_id"], None)
            elif watch is None:
                self._add(record, now)
            elif record["version"] > watch.record["version"]:
                watch.record = record

    def keep_only(self, records: Iterable[Document]) -> None:
        """Drop what is not in a complete reading."""
        kept = {record["_id"] for record in records}
        self._watches = {name: watch for name, watch in self._watches.items() if name in kept}

    def take_due(self, now: float, limit: int) -> Iterator[Watch]:
        """At most `limit` watches whose time has come. Each is due again only after `plan` or `leave`."""
        while limit > 0 and self._due and self._due[0][0] <= now:
            due, placement_id = heapq.heappop(self._due)
            watch = self._watches.get(placement_id)
            if watch is not None and watch.due == due and not watch.polling:
                watch.polling = True
                limit -= 1
                yield watch

    def plan(self, watch: Watch, now: float) -> None:
        """Set the next look after one has ended."""
        self._put(watch, now + self._pace.next_after(watch.record, watch.streak))

    def leave(self, watch: Watch, now: float) -> None:
        """It is another poller's now. Its streak is forgotten; a takeover finds it within seconds."""
        watch.streak, watch.absences = Streak(), 0
        self._put(watch, now + FOREIGN_S)

    def _put(self, watch: Watch, due: float) -> None:
        watch.polling, watch.due = False, due
        if self._watches.get(watch.record["_id"]) is watch:
            heapq.heappush(self._due, (due, watch.record["_id"]))

    def _add(self, record: Document, now: float) -> None:
        watch = Watch(record, due=now + self._pace.first_after(record))
        self._watches[record["_id"]] = watch
        heapq.heappush(self._due, (watch.due, record["_id"]))
