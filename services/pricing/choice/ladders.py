"""The offers of one machine type on one market, cheapest first, and what can be said of their cost without looking.

What an offer costs beside the machine depends on region and load, so the order by machine price is only nearly
the order by cost. Every shortcut here rests on bounds: the least and the most that the rest can come to.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from services.pricing.facts.extras import Needs, RegionCosts
from services.pricing.facts.interruptions import wear_micro

if TYPE_CHECKING:
    from services.pricing.choice.offers import Offer

NO_LIMIT = 1 << 62


# Names of regions that cost the same beside any machine, with what they ask.
Alike = tuple[tuple[RegionCosts, tuple[str, ...]], ...]


class Bill:
    """What offers cost for one load on so many `machines`: `least` and `most` bound the part beside them.

    In the regions of `own_addresses` the machines need no gateway, whatever `needs` says.
    """

    def __init__(
        self, alike: Alike, needs: Needs, recovery_s: int, own_addresses: frozenset[str] = frozenset()
    ) -> None:
        self.needs, self._own_addresses, self.recovery_s = needs, own_addresses, recovery_s
        self.machines = needs.machines
        self.beside: dict[str, int] = {}
        for costs, names in alike:
            self.beside.update(dict.fromkeys(names, costs.total(needs)))
            if own_addresses:
                own = dict.fromkeys(own_addresses.intersection(names), costs.total(replace(needs, nat=False)))
                self.beside.update(own)
        self.least = min(self.beside.values(), default=0)
        self.most = max(self.beside.values(), default=0)

    def needs_in(self, region: str) -> Needs:
        return replace(self.needs, nat=False) if region in self._own_addresses else self.needs

    def hourly(self, offer: "Offer") -> int:
        """What is billed."""
        return offer.instance_micro * self.machines + self.beside[offer.region.name]

    def expected(self, offer: "Offer") -> int:
        """What is billed and what interruptions are expected to cost."""
        billed = offer.instance_micro * self.machines + self.beside[offer.region.name]
        if not offer.interruptions:
            return billed
        return billed + offer.interruption_micro(self.recovery_s) * self.machines

    def within(self, ceiling: int, beside: int) -> int:
        """The dearest machine that is billed at most the ceiling where the rest costs `beside`."""
        return (ceiling - beside) // self.machines


@dataclass(frozen=True, slots=True)
class Ladder:
    """`floors` are the offers' `floor_micro`, `rank` the machine's position in its group. `dearest_risk` is the most that the constant part of interruptions
    adds to any of them, `dearest_wear` the most that an hour of recovery adds."""

    rank: int
    offers: tuple["Offer", ...]
    floors: tuple[int, ...]
    dearest_risk: int
    dearest_wear: int

    @staticmethod
    def of(rank: int, offers: Iterable["Offer"]) -> "Ladder":
        ordered = tuple(sorted(offers, key=lambda offer: (offer.floor_micro, offer.key)))
        return Ladder(
            rank,
            ordered,
            tuple(offer.floor_micro for offer in ordered),
            max(offer.floor_micro - offer.instance_micro for offer in ordered),
            max(wear_micro(offer.interruptions, offer.on_demand_micro) for offer in ordered),
        )

    def reach(self, bill: Bill, ceiling: int) -> int:
        """From this position on no offer is billed at most the ceiling."""
        if ceiling == NO_LIMIT:
            return len(self.floors)
        return bisect_right(self.floors, bill.within(ceiling, bill.least) + self.dearest_risk)

    def count_within(self, bill: Bill, ceiling: int) -> int:
        """How many offers are billed at most the ceiling."""
        sure = bisect_right(self.floors, bill.within(ceiling, bill.most))
        possible = bisect_right(self.floors, bill.within(ceiling, bill.least) + self.dearest_risk)
        if sure == possible:
            return sure
        return sure + sum(bill.hourly(offer) <= ceiling for offer in self.offers[sure:possible])

    def count_below(self, bill: Bill, score: float, weight: float, ceiling: int) -> int:
        """How many offers have an expected cost that scores below this, and are billed at most the ceiling."""
        floors, cost, machines = self.floors, score / weight, bill.machines
        possible = bisect_right(floors, (cost - bill.least) / machines + 1)
        wear = (self.dearest_wear * bill.recovery_s // 3600 + 2) * machines
        sure = bisect_left(floors, (min(cost - wear, ceiling) - bill.most) / machines, 0, possible)
        if sure == possible:
            return sure
        return sure + sum(
            bill.expected(offer) * weight < score and bill.hourly(offer) <= ceiling
            for offer in self.offers[sure:possible]
        )


@dataclass(frozen=True, slots=True)
class Lane:
    """The ladders of a group's machines on one market, by their first offer. `before[i]` offers belong to the
    machines of the group below position i; no offer's floor is above `top`."""

    group: int
    ladders: tuple[Ladder, ...]
    before: tuple[int, ...]
    floor: int
    top: int

    @staticmethod
    def of(group: int, ladders: Iterable[Ladder], before: tuple[int, ...]) -> "Lane":
        ordered = tuple(sorted(ladders, key=lambda ladder: (ladder.floors[0], ladder.rank)))
        top = max(ladder.floors[-1] for ladder in ordered)
        return Lane(group, ordered, before, ordered[0].floors[0], top)

    def next(self, cursor: int, start: int) -> int:
        """The first ladder at or behind `cursor` whose machine is at or behind `start`; else their number."""
        ladders = self.ladders
        while cursor < len(ladders) and ladders[cursor].rank < start:
            cursor += 1
        return cursor

    def count(self, start: int) -> int:
        """Offers of the machines from position `start` on."""
        return self.before[-1] - self.before[start]
