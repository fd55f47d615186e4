"""What a deployment may cost by the hour: the user's own cap, and what the month's budget leaves.

Both hold for the whole of it with as many machines as it can have, and so does a candidate's `hourly_usd`.
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from contracts.http.replicas import most_machines
from services.agent.command import Command

Offer = Mapping[str, Any]

_MICRO = Decimal("0.000001")
# EC2 refuses a bid above ten times the on-demand price, and no spot price is a smaller part of it than a tenth.
MOST_TIMES_THE_OFFER = 10


def ceiling(command: Command) -> Decimal | None:
    """The lower of the two limits; None is no limit."""
    limits = (command.data["workload"].get("max_hourly_usd"), command.data.get("budget_hourly_usd"))
    return min((Decimal(str(limit)) for limit in limits if limit is not None), default=None)


def within(candidates: Sequence[Offer], command: Command) -> Sequence[Offer]:
    """Pricing has left out what is dearer; this is the last look before money is spent."""
    limit = ceiling(command)
    if limit is None:
        return candidates
    return [candidate for candidate in candidates if Decimal(str(candidate["hourly_usd"])) <= limit]


def spot_bid(candidate: Offer, command: Command) -> Decimal | None:
    """What one spot instance may cost by the hour: an equal share of the user's cap without all that comes on top of
    the machines, such as disks, addresses, gateway and balancer.

    Never less than the offer itself. None is no bid of ours: the cloud then stops at its on-demand price. The budget
    is no bid, because a price that rises later must not end a machine which the user can pay for.
    """
    cap = command.data["workload"].get("max_hourly_usd")
    if cap is None:
        return None
    machines = most_machines(command.data["workload"])
    hourly = Decimal(str(candidate["hourly_usd"]))
    # A pricing service of before does not tell the instance apart, and knows no replicas.
    instance = Decimal(str(candidate.get("instance_usd", hourly / machines)))
    beside = hourly - instance * machines
    share = ((Decimal(str(cap)) - beside) / machines).quantize(_MICRO, ROUND_FLOOR)
    return min(max(share, instance), instance * MOST_TIMES_THE_OFFER)
