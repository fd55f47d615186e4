"""Money limits where they are enforced: at a create, and in the ceiling that the agent gets with its command."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random

from contracts.vocabulary import Tier
from services.chassis.clock import Clock
from services.chassis.errors import ConflictError, StaleError
from services.chassis.mongo import Document
from services.deployments import model, money
from services.deployments.budget_store import Budgets
from services.deployments.ledger import Ledger, Standing

# Every failed try is somebody else's success, and a user has few creates under way at once.
TRIES = 50
LONGEST_PAUSE_S = 0.02
MAX_HOURLY_USD = Decimal(10_000)  # Above any sixteen machines; pricing takes more as a ceiling.
# What is left for a month's last minutes would pay for any machine, but not for its next day.
LASTING = timedelta(days=1)
LEAST_HOURLY_USD = Decimal("0.000001")  # No machine costs so little: it stands for "nothing is left".


class OverBudgetError(ConflictError):
    """The month's budget does not allow it; `errors` carry the figures."""

    kind, title = "over-budget", "The month's budget does not allow this"


@dataclass(frozen=True)
class Wanted:
    """A create that asks for money. `key` is the same for all tries of one request, `machines` the most replicas."""

    user_id: str
    tier: Tier
    deployment_id: str
    key: str
    hourly_usd: Decimal
    machines: int = 1


@dataclass(frozen=True)
class Allowance:
    """The dearest machine that a deployment may take, by the hour; None is no limit.

    `must_wait` says that it has its money only once the choices under way have ended below what they may cost.
    """

    hourly_usd: Decimal | None
    must_wait: bool = False


@dataclass(frozen=True)
class Spending:
    """The ports of money. `defaults` are the budgets of users who set none; None is no limit."""

    budgets: Budgets
    ledger: Ledger
    clock: Clock
    defaults: Mapping[Tier, Decimal | None] = field(default_factory=dict)
    live_caps: Mapping[Tier, int] = field(default_factory=lambda: model.LIVE_CAP)

    def monthly(self, budget: Document) -> Decimal | None:
        """What holds for this user: their own, or the tier's; None is no limit."""
        own: Decimal | None = budget.get("monthly_usd")
        return self.defaults.get(Tier(budget["tier"])) if own is None else own

    def reserve(self, wanted: Wanted) -> None:
        """Set the money and a place under the live cap aside until the deployment is recorded.

        Raises `OverBudgetError`, and `ConflictError` where the cap is reached.
        """
        self._retrying()(self._reserve_once, wanted)

    def release(self, wanted: Wanted) -> None:
        """Give back what no deployment was recorded for: another try of the same request was first."""
        self._retrying()(self._release_once, wanted)

    def allowance(self, deployment: Document) -> Allowance:
        """What is allowed to a deployment whose command is released now.

        It is the price that was projected at the create, and an equal share, with the user's other deployments
        whose command is not released, of what nobody has claimed; it lasts a day at least. What was allowed before counts in full until
        its machine stands: all that are under way may fail over to the dearest at once.
        """
        budget, now = self.budgets.of(deployment["user_id"], Tier(deployment["tier"])), self.clock()
        monthly = self.monthly(budget)
        if monthly is None:
            return Allowance(None)
        others = self.ledger.unsettled(budget["reservations"], now)
        standing = self.ledger.standing(deployment["user_id"], now, others, without=deployment["_id"])
        rest, left = standing.month.left(now), monthly - standing.spent - standing.promised
        own: Decimal = deployment.get("projected_hourly_usd") or Decimal(0)
        needed = money.over(own, rest)
        price = own + money.hourly(left - needed, max(rest, LASTING)) / max(1, standing.unreleased)
        allowed = price if needed <= left else money.hourly(left, rest)
        usd = min(max(money.whole_micro_down(allowed), LEAST_HOURLY_USD), MAX_HOURLY_USD)
        return Allowance(usd, must_wait=left < needed <= monthly - standing.projected)

    def _reserve_once(self, wanted: Wanted) -> None:
        budget, now = self.budgets.of(wanted.user_id, wanted.tier), self.clock()
        # The tier is the caller's of today.
        budget = {**budget, "tier": wanted.tier.value}
        held = self.ledger.unsettled(budget["reservations"], now)
        # Another try of this request does not compete with itself, and whichever is recorded has its money.
        dearest = max(
            [wanted.hourly_usd, *(each["hourly_usd"] for each in held if each["key"] == wanted.key)]
        )
        others = [each for each in held if each["key"] != wanted.key]
        standing = self.ledger.standing(wanted.user_id, now, others)
        self._refuse_over_cap(wanted, standing)
        self._refuse_over_budget(wanted, self.monthly(budget), standing, now)
        own = {
            "deployment_id": wanted.deployment_id,
            "key": wanted.key,
            "hourly_usd": dearest,
            "machines": wanted.machines,
            "at": now,
        }
        self.budgets.reserve(budget, [*others, own], wanted.tier)

    def _release_once(self, wanted: Wanted) -> None:
        budget = self.budgets.of(wanted.user_id, wanted.tier)
        kept = [each for each in budget["reservations"] if each["deployment_id"] != wanted.deployment_id]
        if len(kept) < len(budget["reservations"]):
            self.budgets.reserve(budget, kept, wanted.tier)

    def _refuse_over_cap(self, wanted: Wanted, standing: Standing) -> None:
        cap = self.live_caps[wanted.tier]
        if standing.machines + wanted.machines > cap:
            left = max(0, cap - standing.machines)
            advice = f"ask for at most {left} replicas, or delete one" if left else "delete one"
            raise ConflictError(
                f"Your live deployments may come to {standing.machines} machines, and the limit of the "
                f"{wanted.tier} tier is {cap}; {advice}."
            )

    def _refuse_over_budget(
        self, wanted: Wanted, monthly: Decimal | None, standing: Standing, now: datetime
    ) -> None:
        if monthly is None:
            return
        rest, left = standing.month.left(now), monthly - standing.projected
        needed = money.over(wanted.hourly_usd, rest)
        if needed > left:
            raise _over_budget(wanted.hourly_usd, needed, left, monthly, standing, now)

    def _retrying(self) -> Retrying:
        return Retrying(
            retry=retry_if_exception_type(StaleError),
            stop=stop_after_attempt(TRIES),
            wait=wait_random(0, LONGEST_PAUSE_S),
            reraise=True,
        )


def _over_budget(
    hourly: Decimal, needed: Decimal, left: Decimal, monthly: Decimal, standing: Standing, now: datetime
) -> OverBudgetError:
    remaining = max(left, Decimal(0))
    fits = money.whole_micro_down(money.hourly(remaining, standing.month.left(now)))
    message = (
        f"the cheapest offer costs {money.cents_up(needed)} USD until the end of the month, "
        f"{money.cents_down(remaining)} USD are left"
    )
    figures = {
        "month": standing.month.label,
        "monthly_usd": monthly,
        "spent_usd": money.shown(standing.spent),
        "committed_usd": money.shown(standing.committed),
        "needed_usd": money.cents_up(needed),
        "left_usd": money.cents_down(remaining),
        "hourly_usd": hourly,
        "full_month_usd": money.cents_up(hourly * money.HOURS_A_MONTH),
        "fits_up_to_hourly_usd": fits,
    }
    fitting = f"An offer of at most {fits} USD an hour would fit. " if fits else ""
    advice = f"{fitting}Raise the budget, or delete a deployment."
    errors: Sequence[Mapping[str, str]] = [
        {"field": "budget", "message": message},
        *({"field": f"budget.{name}", "message": str(value)} for name, value in figures.items()),
    ]
    return OverBudgetError(f"{message[0].upper()}{message[1:]}. {advice}", errors=errors)
