"""The poller: one event loop in one thread. It looks, weighs, asks the cloud where needed, and writes on change."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from functools import partial

from services.chassis.clock import Clock
from services.chassis.errors import FOREIGN_OUTAGES, StaleError
from services.chassis.logs import get_logger
from services.chassis.mongo import Document
from services.health import model
from services.health.clouds import CloudDesk
from services.health.instances import Instances
from services.health.metrics import POLL_LAG_SECONDS, POLLS, WATCHED
from services.health.model import ABSENT, Look, Verdict
from services.health.probe import Probe
from services.health.shards import RENEW_EVERY_S, Shards
from services.health.watchlist import Watch, Watchlist

log = get_logger(__name__)

TURN_S = 0.1
SYNC_S = 0.5
RELOAD_S = 30.0
OVERLAP = timedelta(seconds=5)  # Clocks of writers may differ by this much; the reload finds what came later.
CLOUD_ASK_S = 5.0  # One silent instance is asked about at most this often.
# A just launched instance may not be listed yet, so its absence says nothing.
ABSENT_GRACE = timedelta(seconds=60)
ABSENCES_TO_GONE = 2


class Poller:
    def __init__(
        self,
        *,
        instances: Instances,
        shards: Shards,
        watchlist: Watchlist,
        probe: Callable[[], AbstractAsyncContextManager[Probe]],
        desk: CloudDesk,
        clock: Clock,
        at_once: int,
        touch_s: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._instances = instances
        self._shards = shards
        self._watchlist = watchlist
        self._open_probe = probe
        self._desk = desk
        self._clock = clock
        self._at_once = at_once
        self._touch_s = touch_s
        self._monotonic = monotonic
        self._looks: dict[asyncio.Task[None], str] = {}
        self._polled: set[str] = set()
        self._synced_to: datetime | None = None
        self._reload_at = 0.0

    def run(self, stopping: threading.Event) -> None:
        """Poll until told to stop, then hand over the shards."""
        asyncio.run(self._live(stopping))

    async def _live(self, stopping: threading.Event) -> None:
        async with self._open_probe() as probe:
            loops = [
                asyncio.create_task(_repeat(step, every_s))
                for step, every_s in (
                    (self.keep_shards, RENEW_EVERY_S),
                    (self.sync, SYNC_S),
                    (self.touch, self._touch_s),
                    (partial(self.turn, probe), TURN_S),
                )
            ]
            await asyncio.to_thread(stopping.wait)
            for task in (*loops, *self._looks):
                task.cancel()
            await asyncio.gather(*loops, *self._looks, return_exceptions=True)
        await asyncio.to_thread(self._shards.release)

    async def keep_shards(self) -> None:
        await asyncio.to_thread(self._shards.refresh)

    async def sync(self) -> None:
        """Follow what others wrote: the handlers, or a poller before us. Now and then everything is read."""
        started, now = self._monotonic(), self._clock()
        if self._synced_to is None or started >= self._reload_at:
            records = await asyncio.to_thread(self._instances.watched)
            self._watchlist.follow(records, started)
            self._watchlist.keep_only(records)
            self._reload_at = started + RELOAD_S
        else:
            records = await asyncio.to_thread(self._instances.changed_since, self._synced_to - OVERLAP)
            self._watchlist.follow(records, started)
        self._synced_to = now
        WATCHED.set(len(self._watchlist))

    async def touch(self) -> None:
        """One write for all that were polled since the last one."""
        polled, self._polled = self._polled, set()
        if polled:
            await asyncio.to_thread(self._instances.touch, polled, self._clock())

    async def turn(self, probe: Probe) -> None:
        """Begin the looks that are due, as many as may run at once; end those that are no longer ours."""
        now = self._monotonic()
        for task, placement_id in self._looks.items():
            if not self._shards.holds(placement_id):
                task.cancel()
        for watch in self._watchlist.take_due(now, self._at_once - len(self._looks)):
            placement_id = watch.record["_id"]
            if not self._shards.holds(placement_id):
                self._watchlist.leave(watch, now)
                continue
            POLL_LAG_SECONDS.observe(now - watch.due)
            task = asyncio.create_task(self._look(watch, probe))
            self._looks[task] = placement_id
            task.add_done_callback(self._looks.pop)

    async def settle(self) -> None:
        """Wait for the looks under way."""
        await asyncio.gather(*self._looks, return_exceptions=True)

    async def _look(self, watch: Watch, probe: Probe) -> None:
        try:
            look = await probe.look(watch.record)
            self._polled.add(watch.record["_id"])
            POLLS.labels("serves" if look.serves else "answers" if look.failure is None else "fails").inc()
            verdict = await self._weigh(watch, look)
            watch.streak = verdict.streak
            if verdict.changes:
                watch.record = await asyncio.to_thread(self._conclude, watch.record, verdict)
        except StaleError:
            log.info("poll_outdated", placement_id=watch.record["_id"])
            await self._reread(watch)
        except FOREIGN_OUTAGES as error:
            log.warning("poller_outage", error=type(error).__name__)
        except Exception:  # One instance's trouble stays its own.
            log.exception("poll_failed")
        finally:
            self._watchlist.plan(watch, self._monotonic())

    async def _weigh(self, watch: Watch, look: Look) -> Verdict:
        now = self._clock()
        verdict = model.judge(watch.record, look, watch.streak, now)
        if look.failure is None:
            watch.absences = 0
            return verdict
        if look.is_ours:
            log.error("poller_out_of_resources", failure=look.failure)
            return verdict
        # Before the news is bad the cloud is asked in any case: "gone" says more than "does not answer".
        cloud = await self._ask_cloud(watch, insist=verdict.report is not None)
        if cloud is not None and self._is_gone(watch, cloud):
            return model.gone(watch.record, cloud, now)
        if cloud is None:
            return verdict
        told = model.with_the_clouds_word(watch.record, verdict, cloud, look.failure)
        if "boot" in told.changes and look.failure != model.NOBODY_READY:
            log.warning("balancer_not_reached", placement_id=watch.record["_id"], failure=look.failure)
        return told

    async def _ask_cloud(self, watch: Watch, *, insist: bool) -> model.CloudState | None:
        now = self._monotonic()
        asked_lately = watch.cloud_asked_at is not None and now - watch.cloud_asked_at < CLOUD_ASK_S
        if asked_lately and not insist:
            return None
        watch.cloud_asked_at = now
        return await self._desk.ask(watch.record)

    def _is_gone(self, watch: Watch, cloud: model.CloudState) -> bool:
        """A cloud that lists the instance is believed at once; one that does not, when it says so twice."""
        if cloud.state != ABSENT:
            watch.absences = 0
            return cloud.gone
        if self._clock() - watch.record["launched_at"] < ABSENT_GRACE:
            return False
        watch.absences += 1
        return watch.absences >= ABSENCES_TO_GONE

    def _conclude(self, record: Document, verdict: Verdict) -> Document:
        after = self._instances.conclude(record, verdict, self._clock())
        if verdict.report is not None:
            log.info(
                "instance_reported",
                placement_id=record["_id"],
                deployment_id=record["deployment_id"],
                status=verdict.report.status,
                reason=verdict.report.reason,
                detail=verdict.report.detail,
            )
        return after

    async def _reread(self, watch: Watch) -> None:
        record = await asyncio.to_thread(self._instances.get, watch.record["_id"])
        if record is not None:
            self._watchlist.follow([record], self._monotonic())


async def _repeat(step: Callable[[], Awaitable[None]], every_s: float) -> None:
    """Do a step again and again until cancelled; whatever goes wrong in one does not end the others."""
    while True:
        try:
            await step()
        except FOREIGN_OUTAGES as error:
            log.warning("poller_outage", error=type(error).__name__)
        except Exception:  # A poller that ended would leave every instance unwatched.
            log.exception("poller_step_failed")
        await asyncio.sleep(every_s)
