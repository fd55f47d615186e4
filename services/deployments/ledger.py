"""Where a user stands this month: what is spent, what is committed, and what counts against the live cap."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from contracts.http.replicas import most_machines
from contracts.vocabulary import DeploymentStatus, Tier
from services.chassis.mongo import Document
from services.deployments import model, money
from services.deployments.costs import Costs
from services.deployments.money import Month, Span
from services.deployments.store import Deployments

S = DeploymentStatus
# No machine stands yet, as far as we know, but one is on its way, or may have been left.
_ON_ITS_WAY = frozenset({S.REQUESTED, S.SELECTING, S.PROVISIONING, S.NEEDS_ATTENTION})
_UNPLACED = frozenset({S.REQUESTED, S.SELECTING})
# The agent chooses, and chooses again when an offer fails: any price up to the ceiling of its command.
_CHOOSING = frozenset({S.SELECTING, S.PROVISIONING})

# A machine costs until it is gone. Where that takes longer, a person is called and it counts in full again.
_LONGEST_DELETION = model.DEADLINES[S.DELETING].stuck_after

# A create records its deployment right after its reservation. One that died in between must not hold money for
# long, and one that is merely slow must be done: its write gives up after 20 s.
RESERVED_FOR = timedelta(minutes=2)


@dataclass(frozen=True)
class Standing:
    """Exact amounts in US dollars. `machines` are what live deployments and reservations may come to, each at its
    most replicas; `unreleased` counts those of them whose command the agent has not got.

    `promised` is what is committed if each machine that is being chosen costs as much as its command allows.
    """

    month: Month
    spent: Decimal
    committed: Decimal
    promised: Decimal
    machines: int
    unreleased: int

    @property
    def projected(self) -> Decimal:
        return self.spent + self.committed


class Ledger:
    def __init__(self, deployments: Deployments, costs: Costs) -> None:
        self._deployments = deployments
        self._costs = costs

    def standing(
        self,
        user_id: str,
        now: datetime,
        reservations: Sequence[Document] = (),
        *,
        without: str | None = None,
    ) -> Standing:
        """`without` leaves one deployment out of what is committed, to see what is left for it.

        The deployments are read before the intervals: whatever changes in between is counted too high, never too
        low. Reservations must have been read before both.
        """
        month = money.month_of(now)
        live = self._deployments.live(user_id)
        intervals = self._costs.overlapping(month, user_id)
        standing_at = _open_prices(intervals)
        recorded = {without, *(each["_id"] for each in live)}
        held = [each for each in reservations if each["deployment_id"] not in recorded]
        rest = month.left(now)
        owing = [each for each in live if each["_id"] != without]
        reserved = [(each["hourly_usd"], rest) for each in held]
        return Standing(
            month,
            money.spent(map(span_of, intervals), month, now),
            money.total(
                [*(commitment(each, standing_at.get(each["_id"]), rest) for each in owing), *reserved]
            ),
            money.total([*(promise(each, standing_at.get(each["_id"]), rest) for each in owing), *reserved]),
            sum(most_machines(each.get("workload", {})) for each in live)
            + sum(each.get("machines", 1) for each in held),
            sum(each["status"] == S.REQUESTED for each in live) + len(held),
        )

    def unsettled(self, reservations: Sequence[Document], now: datetime) -> Sequence[Document]:
        """Reservations whose deployment is not recorded yet and still may be."""
        fresh = [each for each in reservations if now - each["at"] < RESERVED_FOR]
        recorded = {each["_id"] for each in self._deployments.many([each["deployment_id"] for each in fresh])}
        return [each for each in fresh if each["deployment_id"] not in recorded]

    def tier_of(self, user_id: str) -> Tier:
        return self._deployments.tier_of(user_id) or Tier.FREE

    def spent_by_user(self, month: Month, now: datetime) -> Mapping[str, Decimal]:
        """Of everybody who had a machine this month."""
        spans: dict[str, list[Span]] = {}
        for interval in self._costs.overlapping(month):
            spans.setdefault(interval["user_id"], []).append(span_of(interval))
        return {user_id: money.spent(theirs, month, now) for user_id, theirs in spans.items()}


def commitment(
    deployment: Document, standing_at: Decimal | None, rest: timedelta
) -> tuple[Decimal, timedelta]:
    """What a live deployment costs by the hour from here on, and for how long, as far as it is known.

    A machine that stands costs its price. One on its way costs the price of its offer, or before there is one the
    price that was projected. What is being deleted costs until it must be gone; what has lost its machine, nothing.
    """
    if deployment["status"] == S.DELETING:
        return standing_at or Decimal(0), min(rest, _LONGEST_DELETION)
    return _hourly(deployment, standing_at), rest


def promise(deployment: Document, standing_at: Decimal | None, rest: timedelta) -> tuple[Decimal, timedelta]:
    """As `commitment`, but the dearest that its command allows where the agent still chooses."""
    hourly_usd, time = commitment(deployment, standing_at, rest)
    ceiling = (deployment.get("command") or {}).get("budget_hourly_usd")
    if deployment["status"] in _CHOOSING and standing_at is None and ceiling is not None:
        return max(hourly_usd, Decimal(ceiling)), time
    return hourly_usd, time


def span_of(interval: Document) -> Span:
    return Span(interval["started_at"], interval["ended_at"], interval["hourly_usd"])


def _hourly(deployment: Document, standing_at: Decimal | None) -> Decimal:
    status = S(deployment["status"])
    if standing_at is not None:
        return standing_at
    if status not in _ON_ITS_WAY:
        return Decimal(0)
    placement = deployment.get("placement")
    if placement is not None and status not in _UNPLACED:
        return Decimal(str(placement["hourly_usd"]))
    projected: Decimal | None = deployment.get("projected_hourly_usd")
    return projected or Decimal(0)


def _open_prices(intervals: Sequence[Document]) -> Mapping[str, Decimal]:
    """By deployment; while one machine replaces another, both cost."""
    prices: dict[str, Decimal] = {}
    for deployment_id, price in _open(intervals):
        prices[deployment_id] = prices.get(deployment_id, Decimal(0)) + price
    return prices


def _open(intervals: Sequence[Document]) -> Iterator[tuple[str, Decimal]]:
    return (
        (interval["deployment_id"], interval["hourly_usd"])
        for interval in intervals
        if interval["ended_at"] is None
    )
