"""The choice: hard filters, then cost. Every offer is either ranked or counted under one reason."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice, takewhile

from contracts.vocabulary import Exposure, RankBy, SpotPolicy
from services.pricing.choice.around import Surroundings
from services.pricing.choice.fit import Fit, Reject, fit
from services.pricing.choice.ladders import Bill
from services.pricing.choice.memory import Memory, memory_of
from services.pricing.choice.offers import Market, Offer, OfferIndex, RegionsView
from services.pricing.choice.shapes import Question, Serving, serving
from services.pricing.choice.speed import read_gb
from services.pricing.choice.tracks import Ceiling, Ranked, Track
from services.pricing.choice.workload import Workload
from services.pricing.facts.catalogue import Region
from services.pricing.facts.extras import Extras, Needs, micro
from services.pricing.facts.interruptions import recovery_s

RULE_VERSION = "2026-11-24.5"
MAX_EXAMPLES = 3
_ORDER = tuple(Reject)


@dataclass(
    slots=True
)  # Not frozen: twenty are made for every question, and a frozen one takes twice as long.
class Candidate:
    """An offer that serves. `zones` are those without a block, in the order to try them; replicas spread over all.
    `hourly_micro` is what is billed for as many machines as there can be, `expected_micro` what it is ranked by: with
    the expected cost of interruptions."""

    offer: Offer
    fit: Fit
    zones: tuple[str, ...]
    hourly_micro: int
    expected_micro: int
    needs: Needs

    @property
    def extras(self) -> Extras:
        """What `hourly_micro` holds beside the machine."""
        return self.offer.region.costs.of(self.needs)

    def hourly_micro_of(self, machines: int) -> int:
        """What is billed while there are so many machines."""
        beside = self.offer.region.costs.total(replace(self.needs, machines=machines))
        return self.offer.instance_micro * machines + beside


@dataclass(slots=True)
class Rejection:
    """Examples are put into words only when somebody reads them."""

    count: int = 0
    words: list[Callable[[], str]] = field(default_factory=list)

    @property
    def examples(self) -> list[str]:
        return [found() for found in self.words]

    def add(self, count: int, example: Callable[[], str]) -> None:
        self.count += count
        if len(self.words) < MAX_EXAMPLES:
            self.words.append(example)


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
    return Chooser(index, workload, around, limit).choice()


class Chooser:
    """One question: what it has found so far, and what it has counted out. `bill` is for the regions that
    `against` has nothing against."""

    def __init__(self, index: OfferIndex, workload: Workload, around: Surroundings, limit: int) -> None:
        self._index, self._workload, self._around, self._limit = index, workload, around, limit
        self._balanced = workload.exposure is Exposure.LOAD_BALANCED
        self._memory = memory_of(workload.load)
        self._read_gb = read_gb(workload.load, self._memory)
        self._rejected: dict[Reject, Rejection] = defaultdict(Rejection)
        regions = self._regions()
        self._full = index.view(regions)
        machine = workload.machine
        self._view = self._full if machine is None else index.view_of_machine(regions, machine)
        self.bill = _bill(workload, self._memory, self._view, around.own_addresses)
        self.ceilings = _ceilings(workload)

    def choice(self) -> Choice:
        found = self._serving()
        ranked, total = self._rank(found)
        fits: dict[str, Fit] = {}
        candidates = []
        for _, _, offer in ranked:
            name = offer.machine.name
            if name not in fits:
                fits[name] = fit(offer.machine, self._workload, self._memory, self._read_gb)
            candidates.append(self._candidate(offer, fits[name]))
        rejected = {reason: self._rejected[reason] for reason in _ORDER if reason in self._rejected}
        return Choice(self._workload, self._memory, tuple(candidates), total, rejected)

    def _candidate(self, offer: Offer, found: Fit) -> Candidate:
        bill = self.bill
        zones, needs = self._around.open_zones(offer), bill.needs
        if self._balanced:
            needs = bill.needs_in(offer.region.name)
            zones = self._no_dearer(offer) if offer.zone else zones
        return Candidate(offer, found, zones, bill.hourly(offer), bill.expected(offer), needs)

    def _no_dearer(self, offer: Offer) -> tuple[str, ...]:
        """Where replicas of a spot offer may stand: its own zone, then others that are no dearer, so that its price
        is the most that any of them costs."""
        pool = sorted(self._index.pools[offer.pool], key=lambda other: (other.key != offer.key, other.zone))
        kept = [other for other in pool if other.zone and other.instance_micro <= offer.instance_micro]
        return tuple(zone for other in kept for zone in self._around.open_zones(other))

    def _regions(self) -> frozenset[str]:
        around, wish = self._around, self._workload
        if (
            not (wish.cloud or wish.region or around.zones or around.unbalanced)
            and around.allowed is around.connected is None
        ):
            return self._index.everywhere
        kept = []
        for name, region in self._index.catalogue.regions.items():
            reason = self.against(region)
            if reason is None:
                kept.append(name)
            else:
                words = f"{region.cloud} {name}"
                if reason is Reject.BALANCER:
                    words = f"{words}: {around.unbalanced[name].advice}"
                self._refuse(reason, len(self._index.regions.get(name, ())), _words(words))
        return frozenset(kept)

    def against(self, region: Region) -> Reject | None:
        if self._workload.cloud not in {None, region.cloud}:
            return Reject.CLOUD
        if self._workload.region not in {None, region.name}:
            return Reject.REGION
        return self._around.against_region(region.name, balanced=self._balanced)

    def _markets(self) -> list[Market]:
        """Those that the policy allows, on demand first."""
        full, view, policy = self._full, self._view, self._workload.spot
        if policy == SpotPolicy.PREFER:
            sold, kept = full.on_demand.size + full.spot.size, [view.on_demand, view.spot]
        elif policy == SpotPolicy.NEVER:
            self._refuse(Reject.SPOT_POLICY, full.spot.size, _words("spot is never"))
            sold, kept = full.on_demand.size, [view.on_demand]
        else:
            self._refuse(Reject.SPOT_POLICY, full.on_demand.size, _words("spot is only"))
            sold, kept = full.spot.size, [view.spot]
        others = sold - sum(market.size for market in kept)
        self._refuse(Reject.MACHINE, others, _words(f"not {self._workload.machine}"))
        return kept

    def _serving(self) -> Serving:
        question = Question(self._workload, self._memory, self._read_gb, self._refuse)
        return serving(self._view.shapes, question)

    def _refuse(self, reason: Reject, count: int, example: Callable[[], str]) -> None:
        if count:
            self._rejected[reason].add(count, example)

    def _rank(self, found: Serving) -> tuple[list[Ranked], int]:
        by_token = self._workload.rank_by == RankBy.TOKEN
        shut = self._shut(found)
        tracks, totals = [], []
        for market in self._markets():
            track = Track(market, found, self.bill, self.ceilings, by_token=by_token)
            own = [entry for entry in shut if entry[0].spot == market.spot]
            totals.append(track.shut(own, self._refuse))
            tracks.append(track)
        if len(tracks) == 1:
            return tracks[0].first(self._limit), totals[0]
        return self._preferred(tracks[0], tracks[1], totals[0], totals[1])

    def _preferred(
        self, on_demand: Track, spot: Track, steady_total: int, spot_total: int
    ) -> tuple[list[Ranked], int]:
        """Spot that undercuts everything on demand, then on demand."""
        steady = on_demand.offers()
        best = next(steady, None)
        if best is None:
            return spot.first(self._limit), spot_total
        undercut = takewhile(lambda ranked: ranked[0] < best[0], spot.offers())
        cheap = list(islice(undercut, self._limit))
        cheaper = spot.count_below(best[0])
        words = f"not below {best[2].region.name} {best[2].machine.name} on demand"
        self._refuse(Reject.DEARER, spot_total - cheaper, lambda: words)
        fallback = min(steady_total, max(self._limit // 3, self._limit - len(cheap)))
        kept = [best, *islice(steady, fallback - 1)] if fallback else []
        return cheap[: self._limit - fallback] + kept, steady_total + cheaper

    def _shut(self, found: Serving) -> list[tuple[Offer, int, Reject]]:
        """Offers of machines that serve, with their groups and what shuts them."""
        if not (self._around.blocked or self._around.quotas or self._around.zones):
            return []
        shut = []
        machines = self._workload.max_machines
        for offer, reason in self._around.shut_offers(self._index, self._view, machines):
            group, rank = self._view.shapes.spots.get(offer.machine.name, (-1, 0))
            if group in found and rank >= found[group][0]:
                shut.append((offer, group, reason))
        return shut


def _bill(workload: Workload, memory: Memory, view: RegionsView, own_addresses: frozenset[str]) -> Bill:
    balanced = workload.exposure is Exposure.LOAD_BALANCED
    needs = Needs(
        disk_gib=memory.disk_gib(),
        weights_gib=memory.weights_gib,
        egress_gib=workload.egress_gib_month,
        nat=balanced or workload.exposure is Exposure.PRIVATE,
        load_balancer=workload.load_balancer,
        machines=workload.max_machines,
    )
    return Bill(view.alike, needs, recovery_s(memory.weights_gib), own_addresses if balanced else frozenset())


def _ceilings(workload: Workload) -> list[Ceiling]:
    asked = ((Reject.PRICE_CAP, workload.max_hourly_usd), (Reject.BUDGET, workload.budget_hourly_usd))
    return [(reason, micro(most)) for reason, most in asked if most is not None]


def _words(text: str) -> Callable[[], str]:
    return lambda: text
