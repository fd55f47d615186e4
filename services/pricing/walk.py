"""Goes through one market, cheapest machine first, and stops as soon as nothing cheaper can follow."""

from collections.abc import Collection, Iterator
from heapq import nsmallest

from services.pricing.offers import HOURS_A_MONTH, Market, Offer

Priced = tuple[int, Offer]


def cheapest(
    market: Market,
    machines: Collection[str],
    disk_gib: int,
    limit: int,
    shut: Collection[tuple[str, str, bool]],
) -> list[Priced]:
    """The `limit` cheapest offers of these machines with their hourly amount, in order; `shut` keys are left out."""
    reach: int | None = None
    found: list[Priced] = []
    for least, offer in _ascending(market, machines, disk_gib):
        if reach is not None and least > reach:
            break
        if not shut or offer.key not in shut:
            found.append((offer.hourly_micro(disk_gib), offer))
            if len(found) == limit:
                # The disk differs between regions, so a later offer may still undercut the dearest found.
                reach = max(total for total, _ in found)
    return nsmallest(limit, found, key=order)


def up_to(market: Market, machines: Collection[str], disk_gib: int, ceiling: int) -> list[Priced]:
    """All offers of these machines that cost at most `ceiling`, blocked ones too, in no order."""
    found = []
    for least, offer in _ascending(market, machines, disk_gib):
        if least > ceiling:
            break
        total = offer.hourly_micro(disk_gib)
        if total <= ceiling:
            found.append((total, offer))
    return found


def order(priced: Priced) -> tuple[int, tuple[str, str, bool]]:
    """By amount; equal amounts by name, so that the same question always gets the same answer."""
    return priced[0], priced[1].key


def _ascending(market: Market, machines: Collection[str], disk_gib: int) -> Iterator[Priced]:
    """Offers of these machines with the least each can cost: its own base and the cheapest disk."""
    least_disk = disk_gib * market.cheapest_disk_micro_month // HOURS_A_MONTH
    for offer in market.offers:
        if offer.machine.name in machines:
            yield offer.base_micro + least_disk, offer
