"""All offers, presorted by price, and the part of them that a set of regions sells.

An offer is a machine type in a region on one market. Amounts are whole millionths of a US dollar here:
exact like decimals, and compared many times faster.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from services.pricing.catalogue import Catalogue, Machine, Region
from services.pricing.prices import Price

HOURS_A_MONTH = 730
MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class Offer:
    """`base_micro` is machine and public address by the hour; the disk depends on the load."""

    region: Region
    machine: Machine
    spot: bool
    price: Price
    base_micro: int
    instance_micro: int
    disk_micro_month: int
    interruption_band: str

    @property
    def key(self) -> tuple[str, str, bool]:
        return self.region.name, self.machine.name, self.spot

    def disk_micro(self, disk_gib: int) -> int:
        """By the hour, rounded half up."""
        return (2 * disk_gib * self.disk_micro_month + HOURS_A_MONTH) // (2 * HOURS_A_MONTH)

    def hourly_micro(self, disk_gib: int) -> int:
        return self.base_micro + self.disk_micro(disk_gib)


@dataclass(frozen=True, slots=True)
class Market:
    """The offers of some regions on one market, cheapest machine first, and how many each machine has."""

    offers: tuple[Offer, ...]
    keys: frozenset[tuple[str, str, bool]]
    counts: Counter[str]
    cheapest_disk_micro_month: int


@dataclass(frozen=True, slots=True)
class RegionsView:
    on_demand: Market
    spot: Market
    machines: tuple[Machine, ...]


class OfferIndex:
    """Built once for a catalogue. Views of region sets are kept: in practice few sets are asked for."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.offers = tuple(sorted(_offers(catalogue), key=lambda offer: (offer.base_micro, offer.key)))
        self.counts = Counter(offer.region.name for offer in self.offers)
        self.view = lru_cache(maxsize=128)(self._view)

    def _view(self, regions: frozenset[str]) -> RegionsView:
        chosen = [offer for offer in self.offers if offer.region.name in regions]
        machines = {offer.machine.name: offer.machine for offer in chosen}
        return RegionsView(
            on_demand=_market(offer for offer in chosen if not offer.spot),
            spot=_market(offer for offer in chosen if offer.spot),
            machines=tuple(machines.values()),
        )


def micro(usd: Decimal) -> int:
    return int((usd * MICRO).to_integral_value(ROUND_HALF_UP))


def usd(amount_micro: int) -> Decimal:
    return Decimal(amount_micro) / MICRO


def _offers(catalogue: Catalogue) -> Iterable[Offer]:
    machines = {(machine.cloud.value, machine.name): machine for machine in catalogue.machines.values()}
    for row in catalogue.prices:
        region = catalogue.regions[row.region]
        for spot, price in ((False, row.on_demand), (True, row.spot)):
            if price is not None:
                yield Offer(
                    region=region,
                    machine=machines[row.cloud, row.machine],
                    spot=spot,
                    price=price,
                    base_micro=micro(price.usd) + micro(region.ipv4_hour.usd),
                    instance_micro=micro(price.usd),
                    disk_micro_month=micro(region.disk_gb_month.usd),
                    interruption_band=row.interruption_band if spot else "",
                )


def _market(offers: Iterable[Offer]) -> Market:
    listed = tuple(offers)
    return Market(
        offers=listed,
        keys=frozenset(offer.key for offer in listed),
        counts=Counter(offer.machine.name for offer in listed),
        cheapest_disk_micro_month=min((offer.disk_micro_month for offer in listed), default=0),
    )
