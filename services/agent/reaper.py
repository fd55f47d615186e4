"""The reaper: machines that carry our tags and that no record accounts for. The last net below the sweeps.

At first sight it alerts. Half an hour after its launch a stray is terminated. When more than one machine and more
than a tenth of the fleet is to go at once, it is more likely that our records are wrong than that the cloud is:
then a person decides.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from prometheus_client import Counter, Gauge

from services.agent.cloud import Cloud, Resource
from services.agent.intents import Intents
from services.agent.placements import Placements, PlacementState
from services.chassis.clock import Clock
from services.chassis.errors import FOREIGN_OUTAGES
from services.chassis.logs import get_logger

log = get_logger(__name__)

EVERY_S = 600.0
SPARED_FOR = timedelta(minutes=30)
MOST_STRAYS = 10  # One in so many.
_GONE = (PlacementState.DESTROYED, PlacementState.ABANDONED)

STRAYS = Gauge("flowllama_agent_strays", "Machines with our tags that no record accounts for")
REAPED = Counter("flowllama_agent_reaped_total", "Stray machines terminated")


@dataclass(frozen=True)
class Stray:
    region: str
    cloud: str
    resource: Resource


class Reaper:
    def __init__(
        self,
        placements: Placements,
        intents: Intents,
        clouds: Mapping[str, Cloud],
        environment: str,
        clock: Clock,
    ) -> None:
        self._placements = placements
        self._intents = intents
        self._clouds = clouds
        self._tags = {"managed-by": "flowllama", "flowllama-environment": environment}
        self._clock = clock

    def run(self, stopping: threading.Event) -> None:
        while not stopping.wait(EVERY_S):
            try:
                self.look()
            except FOREIGN_OUTAGES as error:
                log.warning("reaper_outage", error=type(error).__name__)

    def look(self) -> int:
        """One look at every connected region; returns how many machines were terminated."""
        fleet = [
            Stray(region, cloud, instance)
            for cloud, region in self._intents.connected_regions()
            if cloud in self._clouds
            for instance in self._clouds[cloud].instances(region, self._tags)
        ]
        strays = self._unaccounted(fleet)
        STRAYS.set(len(strays))
        for stray in strays:
            log.error(
                "stray_machine", id=stray.resource.id, region=stray.region, tags=dict(stray.resource.tags)
            )
        ripe = [stray for stray in strays if self._is_ripe(stray)]
        if len(ripe) > max(1, len(fleet) // MOST_STRAYS):
            log.error("reaper_refuses", strays=len(ripe), fleet=len(fleet))
            return 0
        for stray in ripe:
            self._reap(stray)
        return len(ripe)

    def _unaccounted(self, fleet: Sequence[Stray]) -> Sequence[Stray]:
        ids = [machine.resource.tags.get("flowllama-placement", "") for machine in fleet]
        states = self._placements.states(ids)
        return [
            machine
            for machine, placement_id in zip(fleet, ids, strict=True)
            if states.get(placement_id, PlacementState.DESTROYED) in _GONE
        ]

    def _is_ripe(self, stray: Stray) -> bool:
        launched = stray.resource.created_at
        return launched is not None and self._clock() - launched >= SPARED_FOR

    def _reap(self, stray: Stray) -> None:
        self._clouds[stray.cloud].remove(stray.region, [stray.resource])
        REAPED.inc()
        log.error("stray_machine_terminated", id=stray.resource.id, region=stray.region)
