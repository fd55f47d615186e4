"""The life of a run: it holds the deployment's lease, and learns within a second or two when it has to stop."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

from contracts.envelope import Message
from services.agent.runs import FIELD, Runs
from services.chassis import leases
from services.chassis.errors import FOREIGN_OUTAGES, FlowLlamaError, RetryError, StaleError
from services.chassis.ids import new_id
from services.chassis.logs import get_logger
from services.chassis.mongo import Document

log = get_logger(__name__)

WATCH_S = 0.5  # How soon a cancellation or a shutdown is seen.
BUSY_RETRY_S = 5.0


class Stop(StrEnum):
    CANCELLED = "cancelled"
    SHUTDOWN = "shutdown"
    LOST = "lost"


class RunCancelledError(FlowLlamaError):
    """The user wants something else by now: end the run quietly, the next command cleans up."""


class Held:
    """A run under its lease. `stop` is set as soon as the run must end; `check` says why by raising."""

    def __init__(self, runs: Runs, run: Document, is_superseded: Callable[[], bool]) -> None:
        self._runs = runs
        self._is_superseded = is_superseded
        self.document = run
        self.owner: str = run[FIELD]["owner"]
        self.epoch: int = run[FIELD]["epoch"]
        self.lease_s = runs.lease_s
        self.stop = threading.Event()
        self.why: Stop | None = None

    def save(self, changes: Mapping[str, Any], events: Sequence[Message] = ()) -> None:
        """Write to the run's record. Raises `StaleError` when the lease is somebody else's."""
        fence = leases.held_by(FIELD, self.owner, self.epoch)
        self.document = self._runs.save(self.document, changes, events, fence=fence)

    def check(self) -> None:
        """Raise what ends this run, if anything does."""
        if self.why is Stop.CANCELLED:
            raise RunCancelledError("a newer intent has replaced this command")
        if self.why is Stop.SHUTDOWN:
            raise RetryError(0, "the agent is shutting down")
        if self.why is Stop.LOST:
            raise StaleError("the lease of the run is lost")

    def pause(self, seconds: float) -> None:
        """Wait, but not past a reason to stop."""
        self.stop.wait(seconds)
        self.check()

    def beat(self, shutdown: threading.Event, *, renew: bool) -> None:
        """Renew the lease if it is time, then see whether to stop. A run that must stop keeps its lease meanwhile."""
        try:
            if renew and not self._runs.renew(self.document["_id"], self.owner, self.epoch):
                self._end(Stop.LOST)
            elif self.why is None and shutdown.is_set():
                self._end(Stop.SHUTDOWN)
            elif self.why is None and self._is_superseded():
                self._end(Stop.CANCELLED)
        except FOREIGN_OUTAGES as error:
            # Terraform's supervisor keeps its own watch on the lease, so an outage here decides nothing.
            log.warning("run_watch_outage", error=type(error).__name__)

    def _end(self, why: Stop) -> None:
        log.info("run_must_stop", why=why.value)
        self.why = why
        self.stop.set()


@contextmanager
def hold(
    runs: Runs,
    deployment_id: str,
    *,
    shutdown: threading.Event,
    is_superseded: Callable[[], bool] = lambda: False,
    watch_s: float = WATCH_S,
) -> Iterator[Held]:
    """The deployment's run under our lease, renewed until the block ends and then given back.

    Raises `RetryError` while another worker holds it. The owner is new for every run, so that nobody who comes
    back late is taken for us.
    """
    run = runs.acquire(deployment_id, new_id("run"))
    if run is None:
        raise RetryError(BUSY_RETRY_S, "another run of this deployment holds its lease")
    held, done = Held(runs, run, is_superseded), threading.Event()
    watching = threading.Thread(
        target=_watch, args=(held, shutdown, done, watch_s), name="run-watch", daemon=True
    )
    watching.start()
    try:
        yield held
    finally:
        done.set()
        watching.join()
        runs.release(deployment_id, held.owner, held.epoch)


def _watch(held: Held, shutdown: threading.Event, done: threading.Event, watch_s: float) -> None:
    beats_per_renewal = max(1, int(held.lease_s / 4 / watch_s))
    beat = 0
    while held.why is not Stop.LOST and not done.wait(watch_s):
        beat += 1
        held.beat(shutdown, renew=beat % beats_per_renewal == 0)
