"""One market in a ranking: its offers that serve, in order, and what of it the ceilings and the blocks take."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import heappop, heappush, heapreplace
from itertools import islice

from services.pricing.choice.fit import Reject
from services.pricing.choice.ladders import NO_LIMIT, Bill, Ladder, Lane
from services.pricing.choice.offers import Market, Offer, OfferKey
from services.pricing.choice.shapes import Refuse, Serving
from services.pricing.facts.extras import usd

# Reason and the most that may be billed by the hour, in millionths of a US dollar.
Ceiling = tuple[Reject, int]
# Score, key and offer, so that equal scores are ordered by name and one question always has one answer.
Ranked = tuple[float, OfferKey, Offer]


# What can be known of a lane before it is opened: the least its next offer can score, its weight, where it starts.
Waiting = tuple[float, float, Lane, int]
# The same of an open ladder: bound, number, ladder, position, stop, lane, cursor in the lane, start, weight.
Open = tuple[float, int, Ladder, int, int, Lane, int, int, float]


class Track:
    """`serving` are the machines that serve. An offer's score is its expected cost, by the hour or by the token:
    within a lane all machines are equally fast, so each lane has one weight. `ceilings` count in their order."""

    def __init__(
        self, market: Market, serving: Serving, bill: Bill, ceilings: Sequence[Ceiling], *, by_token: bool
    ) -> None:
        self._serving, self._bill, self._ceilings = serving, bill, ceilings
        self._machines, self._least = bill.machines, bill.least
        self._lanes = [lane for lane in market.lanes if lane.group in serving]
        self._by_token = by_token
        self._ceiling = min((most for _, most in ceilings), default=NO_LIMIT)
        self._shut: dict[OfferKey, tuple[Offer, int]] = {}

    def shut(self, offers: Iterable[tuple[Offer, int, Reject]], refuse: Refuse) -> int:
        """Take out what costs too much, then what is shut, and refuse both. `offers` come with their groups.

        Answers how many remain."""
        serving = self._serving
        left = sum([lane.before[-1] - lane.before[serving[lane.group][0]] for lane in self._lanes])
        most = NO_LIMIT
        for reason, ceiling in self._ceilings:
            most = min(most, ceiling)
            within = self._count_within(most)
            refuse(reason, left - within, _above(ceiling))
            left = within
        for offer, group, reason in offers:
            self._shut[offer.key] = offer, group
            if self._bill.hourly(offer) <= self._ceiling:
                refuse(reason, 1, _name_of(offer))
                left -= 1
        return left

    def first(self, limit: int) -> list[Ranked]:
        return list(islice(self.offers(), limit))

    def offers(self) -> Iterator[Ranked]:
        """In the order of their scores. Lanes and ladders are opened only when they may hold the next one."""
        bill, shut, ceiling = self._bill, self._shut, self._ceiling
        coming = self._waiting()
        waiting = next(coming, None)
        ahead: list[Open] = []
        ready: list[Ranked] = []
        while True:
            bound = waiting[0] if waiting else _NEVER
            nearest = min(bound, ahead[0][0]) if ahead else bound
            if ready and ready[0][0] < nearest:
                yield heappop(ready)
            elif waiting and bound == nearest:
                _, weight, lane, start = waiting
                self._open(ahead, lane, 0, start, weight)
                waiting = next(coming, None)
            elif ahead:
                offer, weight = self._step(ahead)
                if offer.key not in shut and bill.hourly(offer) <= ceiling:
                    heappush(ready, (bill.expected(offer) * weight, offer.key, offer))
            else:
                return

    def count_below(self, score: float) -> int:
        """How many of the offers left score below this."""
        bill, ceiling = self._bill, self._ceiling
        found = 0
        for bound, weight, lane, start in self._waiting():
            if bound >= score:
                break
            reach = (score / weight - bill.least) / bill.machines
            for ladder in lane.ladders:
                if ladder.floors[0] > reach:
                    break
                if ladder.rank >= start:
                    found += ladder.count_below(bill, score, weight, ceiling)
        return found - sum(self._scores_below(*entry, score) for entry in self._shut.values())

    def _open(self, ahead: list[Open], lane: Lane, cursor: int, start: int, weight: float) -> None:
        """The lane's next ladder; one without an offer within the ceiling is passed over."""
        while (cursor := lane.next(cursor, start)) < len(lane.ladders):
            ladder = lane.ladders[cursor]
            cursor += 1
            stop = ladder.reach(self._bill, self._ceiling)
            if stop:
                bound = (ladder.floors[0] * self._machines + self._least) * weight
                # A lane has a place in the order of its own, so that equal bounds never compare ladders.
                number = (lane.group << 32) | cursor
                heappush(ahead, (bound, number, ladder, 0, stop, lane, cursor, start, weight))
                return

    def _step(self, ahead: list[Open]) -> tuple[Offer, float]:
        """Take the next offer of the ladder that is in front, and open the one behind it after its first."""
        _, number, ladder, position, stop, lane, cursor, start, weight = ahead[0]
        offer = ladder.offers[position]
        following = position + 1
        if following < stop:
            bound = (ladder.floors[following] * self._machines + self._least) * weight
            heapreplace(ahead, (bound, number, ladder, following, stop, lane, cursor, start, weight))
        else:
            heappop(ahead)
        if position == 0:
            self._open(ahead, lane, cursor, start, weight)
        return offer, weight

    def _scores_below(self, offer: Offer, group: int, score: float) -> bool:
        if self._bill.hourly(offer) > self._ceiling:
            return False
        return self._bill.expected(offer) * self._weight(group) < score

    def _count_within(self, ceiling: int) -> int:
        bill, found = self._bill, 0
        for lane in self._lanes:
            start = self._serving[lane.group][0]
            if lane.top * bill.machines + bill.most <= ceiling:
                found += lane.count(start)
                continue
            for ladder in lane.ladders:
                if ladder.rank >= start:
                    found += ladder.count_within(bill, ceiling)
        return found

    def _waiting(self) -> Iterator[Waiting]:
        """The lanes by the least that their first offer can score."""
        serving, least, machines = self._serving, self._least, self._machines
        if not self._by_token:
            for lane in self._lanes:
                yield lane.floor * machines + least, 1, lane, serving[lane.group][0]
            return
        scored = []
        for lane in self._lanes:
            weight = self._weight(lane.group)
            scored.append(((lane.floor * machines + least) * weight, weight, lane, serving[lane.group][0]))
        yield from sorted(scored, key=lambda waiting: (waiting[0], waiting[2].group))

    def _weight(self, group: int) -> float:
        return 1 / self._serving[group][1] if self._by_token else 1


_NEVER = float("inf")


def _above(ceiling: int) -> Callable[[], str]:
    return lambda: f"above {usd(ceiling)} USD an hour"


def _name_of(offer: Offer) -> Callable[[], str]:
    region, machine, spot, zone = offer.key
    return lambda: f"{zone or region} {machine} {'spot' if spot else 'on demand'}"
