"""The choice: hard filters, then cost. Every offer is either ranked or counted under one reason."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from contracts.vocabulary import SpotPolicy
from services.pricing.catalogue import Region
from services.pricing.fit import Fit, Reject, explain, fit
from services.pricing.memory import Memory, memory_of
from services.pricing.offers import Market, Offer, OfferIndex, RegionsView, micro, usd
from services.pricing.speed import weights_read_gb
from services.pricing.walk import Priced, cheapest, order, up_to
from services.pricing.workload import Workload

RULE_VERSION = "2026-11-24.1"
MAX_EXAMPLES = 3
OfferKey = tuple[str, str, bool]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What narrows a choice beside the workload.

    `allowed` and `connected` are region names, None where it does not matter. `zones` are those of connected
    regions. `blocked` holds (region, machine, spot) with the zones out of capacity; an empty set means all.
    """

    allowed: frozenset[str] | None = None
    connected: frozenset[str] | None = None
    zones: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    blocked: Mapping[OfferKey, frozenset[str]] = field(default_factory=dict)

    def open_zones(self, region: Region, key: OfferKey) -> tuple[str, ...]:
        zones = self.zones.get(region.name, region.zones)
        shut = self.blocked.get(key)
        if shut is None:
            return zones
        return tuple(zone for zone in zones if zone not in shut) if shut else ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """An offer that serves. `zones` are those without a block, in the order to try them."""

    offer: Offer
    fit: Fit
    zones: tuple[str, ...]
    hourly_micro: int


@dataclass(slots=True)
class Rejection:
    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, count: int, example: str) -> None:
        self.count += count
        if count and len(self.examples) < MAX_EXAMPLES:
            self.examples.append(example)


@dataclass(frozen=True, slots=True)
class Choice:
    """Candidates in the order to try them; `total` also counts those that the limit cut off."""

    workload: Workload
    memory: Memory
    candidates: tuple[Candidate, ...]
    total: int
    rejected: Mapping[Reject, Rejection]


def choose(index: OfferIndex, workload: Workload, around: Surroundings, limit: int = 20) -> Choice:
    """The cheapest offers first. With `prefer`, spot that undercuts every on-demand offer comes first, and a
    third of the answer stays on-demand, to fail over to."""
    return _Chooser(index, workload, around, limit).choice()


class _Chooser:
    """One question: what it has found so far, and what it has counted out."""

    def __init__(self, index: OfferIndex, workload: Workload, around: Surroundings, limit: int) -> None:
        self._index, self._workload, self._around, self._limit = index, workload, around, limit
        self._memory = memory_of(workload.load)
        self._disk_gib = self._memory.disk_gib()
        self._rejected: dict[Reject, Rejection] = defaultdict(Rejection)
        self._fits: dict[str, Fit] = {}

    def choice(self) -> Choice:
        view = self._index.view(self._regions())
        self._fits = self._serving(view)
        ranked, total = self._rank(view)
        candidates = [
            Candidate(
                offer,
                self._fits[offer.machine.name],
                self._around.open_zones(offer.region, offer.key),
                amount,
            )
            for amount, offer in ranked
        ]
        rejected = {reason: self._rejected[reason] for reason in Reject if self._rejected[reason].count}
        return Choice(self._workload, self._memory, tuple(candidates), total, rejected)

    def _regions(self) -> frozenset[str]:
        kept = []
        for name, region in self._index.catalogue.regions.items():
            reason = self._against(region)
            if reason is None:
                kept.append(name)
            else:
                self._rejected[reason].add(self._index.counts[name], f"{region.cloud} {name}")
        return frozenset(kept)

    def _against(self, region: Region) -> Reject | None:
        if self._workload.cloud not in {None, region.cloud}:
            return Reject.CLOUD
        if self._workload.region not in {None, region.name}:
            return Reject.REGION
        if self._around.allowed is not None and region.name not in self._around.allowed:
            return Reject.NOT_ALLOWED
        if self._around.connected is not None and region.name not in self._around.connected:
            return Reject.NOT_CONNECTED
        return None

    def _serving(self, view: RegionsView) -> dict[str, Fit]:
        """Machines that serve, by name; the offers of the others are counted at once."""
        read_gb = weights_read_gb(self._workload.load)
        markets = self._markets(view)
        serving = {}
        for machine in view.machines:
            found = fit(machine, self._workload, self._memory, read_gb)
            if found.reason is None:
                serving[machine.name] = found
            else:
                offers = sum(market.counts[machine.name] for market in markets)
                rejection = self._rejected[found.reason]
                rejection.count += offers
                if offers and len(rejection.examples) < MAX_EXAMPLES:
                    rejection.examples.append(explain(found, self._workload))
        return serving

    def _markets(self, view: RegionsView) -> list[Market]:
        policy = self._workload.spot
        if policy == SpotPolicy.PREFER:
            return [view.spot, view.on_demand]
        refused, kept = (
            (view.spot, view.on_demand) if policy == SpotPolicy.NEVER else (view.on_demand, view.spot)
        )
        self._rejected[Reject.SPOT_POLICY].add(len(refused.offers), f"spot is {policy}")
        return [kept]

    def _rank(self, view: RegionsView) -> tuple[list[Priced], int]:
        asked = self._workload.max_hourly_usd
        cap = None if asked is None else micro(asked)
        policy = self._workload.spot
        if policy != SpotPolicy.PREFER:
            return self._stretch(
                view.spot if policy == SpotPolicy.ONLY else view.on_demand, cap, Reject.PRICE_CAP
            )
        steady, steady_total = self._stretch(view.on_demand, cap, Reject.PRICE_CAP)
        if steady:
            spot, spot_total = self._stretch(view.spot, steady[0][0] - 1, Reject.DEARER)
        else:
            spot, spot_total = self._stretch(view.spot, cap, Reject.PRICE_CAP)
        fallback = min(len(steady), max(self._limit // 3, self._limit - len(spot)))
        return spot[: self._limit - fallback] + steady[:fallback], spot_total + steady_total

    def _stretch(self, market: Market, ceiling: int | None, reason: Reject) -> tuple[list[Priced], int]:
        """The cheapest of a market, and how many of it are left after the ceiling and the blocks."""
        serving = sum(market.counts[name] for name in self._fits)
        shut = {key for key in self._shut(market) if key[1] in self._fits}
        if ceiling is None:
            self._count_blocked(shut)
            return cheapest(market, self._fits, self._disk_gib, self._limit, shut), serving - len(shut)
        within = up_to(market, self._fits, self._disk_gib, ceiling)
        self._rejected[reason].add(serving - len(within), f"above {usd(ceiling)} USD an hour")
        opened = [priced for priced in within if priced[1].key not in shut]
        self._count_blocked({offer.key for _, offer in within} & shut)
        return sorted(opened, key=order)[: self._limit], len(opened)

    def _shut(self, market: Market) -> set[OfferKey]:
        """Offers of this market with every zone blocked."""
        regions = self._index.catalogue.regions
        return {
            key
            for key in self._around.blocked
            if key in market.keys and not self._around.open_zones(regions[key[0]], key)
        }

    def _count_blocked(self, keys: set[OfferKey]) -> None:
        for region, machine, spot in sorted(keys):
            self._rejected[Reject.BLOCKED].add(1, f"{region} {machine} {'spot' if spot else 'on demand'}")
