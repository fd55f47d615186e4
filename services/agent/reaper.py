"""The reaper: what carries our tags, costs money, and no record accounts for. The last net below the sweeps.

At first sight it alerts. Half an hour after its birth a stray is removed. When more than one placement and more
than a tenth of the fleet is to go at once, it is more likely that our records are wrong than that the cloud is:
then a person decides.
"""

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from prometheus_client import Counter, Gauge

from services.agent import kinds
from services.agent.cloud import Cloud
from services.agent.intents import Intents
from services.agent.placements import Placements, PlacementState, tags_of
from services.agent.resource import Place, Resource
from services.chassis.clock import Clock
from services.chassis.errors import FOREIGN_OUTAGES, UnavailableError
from services.chassis.logs import get_logger

log = get_logger(__name__)

EVERY_S = 600.0
SOON_S = 60.0  # After a removal: what was still used goes only now.
SPARED_FOR = timedelta(minutes=30)
MOST_STRAYS = 10  # One in so many.
_OUTAGES: tuple[type[Exception], ...] = (*FOREIGN_OUTAGES, UnavailableError)
_GONE = (PlacementState.DESTROYED, PlacementState.ABANDONED)

STRAYS = Gauge("flowllama_agent_strays", "Machines, groups and balancers that no record accounts for")
REAPED = Counter("flowllama_agent_reaped_total", "Stray machines, groups and balancers removed")


@dataclass(frozen=True)
class Holding:
    """What one placement has in one region; what carries no placement's tag stands for itself."""

    cloud: str
    place: Place
    placement_id: str
    resources: Sequence[Resource]


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
        pause = EVERY_S
        while not stopping.wait(pause):
            try:
                pause = SOON_S if self.look() else EVERY_S
            except _OUTAGES as error:
                pause = EVERY_S
                log.warning("reaper_outage", error=type(error).__name__)

    def look(self) -> int:
        """One look at every connected region; returns how many resources were removed."""
        fleet = self._fleet()
        strays = self._unaccounted(fleet)
        STRAYS.set(sum(len(stray.resources) for stray in strays))
        for stray in strays:
            _alert(stray)
        ripe = [(stray, due) for stray in strays if (due := self._ripe(stray))]
        going, known = _placements_of([stray for stray, _ in ripe]), _placements_of(fleet)
        if going > max(1, known // MOST_STRAYS):
            log.error("reaper_refuses", strays=going, fleet=known)
            return 0
        return sum(self._reap(stray, due) for stray, due in ripe)

    def _fleet(self) -> Sequence[Holding]:
        """Of all regions that answer: one that doesn't must not keep strays alive in the others. Google's global things
        are listed with every region, and taken with the first."""
        fleet: list[Holding] = []
        seen: set[tuple[str, str]] = set()
        for cloud, place in self._intents.connected():
            if cloud in self._clouds:
                try:
                    fleet += self._holdings(cloud, place, seen)
                except _OUTAGES as error:
                    log.warning(
                        "reaper_sees_nothing", cloud=cloud, region=place.region, error=type(error).__name__
                    )
        return fleet

    def _holdings(self, cloud: str, place: Place, seen: set[tuple[str, str]]) -> Sequence[Holding]:
        held: dict[str, list[Resource]] = defaultdict(list)
        for resource in self._clouds[cloud].listed(place, self._tags, kinds.COSTLY[cloud]):
            if (cloud, resource.id) not in seen:
                seen.add((cloud, resource.id))
                held[resource.tags.get("flowllama-placement", resource.id)].append(resource)
        return [Holding(cloud, place, name, resources) for name, resources in held.items()]

    def _unaccounted(self, fleet: Sequence[Holding]) -> Sequence[Holding]:
        states = self._placements.states([holding.placement_id for holding in fleet])
        return [
            holding
            for holding in fleet
            if states.get(holding.placement_id, PlacementState.DESTROYED) in _GONE
        ]

    def _ripe(self, stray: Holding) -> Sequence[Resource]:
        """What is old enough. A group takes its machines along, however young it keeps them by launching new ones."""
        old = {resource.id for resource in stray.resources if self._is_old(resource)}
        return [r for r in stray.resources if r.id in old or r.attached_to in old]

    def _is_old(self, resource: Resource) -> bool:
        born = resource.created_at
        return born is not None and self._clock() - born >= SPARED_FOR

    def _reap(self, stray: Holding, due: Sequence[Resource]) -> int:
        """How many went. One that will not go must not keep the next one alive."""
        try:
            self._remove(stray, due)
        except _OUTAGES as error:
            log.warning("stray_not_removed", placement_id=stray.placement_id, error=type(error).__name__)
            return 0
        REAPED.inc(len(due))
        for resource in due:
            log.error("stray_removed", kind=resource.kind, id=resource.id, region=stray.place.region)
        return len(due)

    def _remove(self, stray: Holding, due: Sequence[Resource]) -> None:
        """What costs nothing goes along: on Google Cloud a group can't go while a balancer's part still uses it."""
        cloud, costly = self._clouds[stray.cloud], kinds.COSTLY[stray.cloud]
        beside = [kind for kind in kinds.BALANCED[stray.cloud] if kind not in costly]
        left = cloud.listed(stray.place, tags_of(stray.placement_id), beside)
        cloud.remove(stray.place, [*due, *left])
        cloud.remove(stray.place, cloud.records(stray.place, self._placements.names(stray.placement_id)))


def _placements_of(holdings: Sequence[Holding]) -> int:
    return len({(holding.cloud, holding.placement_id) for holding in holdings})


def _alert(stray: Holding) -> None:
    for resource in stray.resources:
        log.error(
            "stray_found",
            kind=resource.kind,
            id=resource.id,
            region=stray.place.region,
            tags=dict(resource.tags),
        )
