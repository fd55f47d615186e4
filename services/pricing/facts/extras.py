"""What a machine costs beside itself in a region: disk, address, traffic, the model's copy, gateway, balancer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from services.pricing.facts.tables import Row

HOURS_A_MONTH = 730
MICRO = 1_000_000
DEFAULT_EGRESS_GIB = 10


@dataclass(frozen=True, slots=True)
class Resource:
    """US dollars for a unit. Traffic has one entry per tier, from so many GiB a month on."""

    usd: Decimal
    from_gib: int
    as_of: date | None
    source: str
    verified: str


@dataclass(frozen=True, slots=True)
class Needs:
    """What a workload asks for beside the machines. Traffic and the model's copy are those of all together;
    `nat`: they have no addresses of their own, and get out by a gateway."""

    disk_gib: int
    weights_gib: float
    egress_gib: int
    nat: bool
    load_balancer: bool
    machines: int = 1


@dataclass(slots=True)  # Not frozen: one is made for every candidate, and a frozen one takes twice as long.
class Extras:
    """Millionths of a US dollar an hour."""

    disk: int
    ip: int
    egress: int
    model_bucket: int
    nat: int
    load_balancer: int

    @property
    def total(self) -> int:
        return self.disk + self.ip + self.egress + self.model_bucket + self.nat + self.load_balancer


class RegionCosts:
    """The prices of one region, as whole millionths. An internet gateway is free; a NAT gateway is charged whole,
    although the private deployments of a region share it: the first one pays it alone. AWS asks for it by the hour,
    Google Cloud by the machine behind it (`nat_by_machine`); both ask for its public address."""

    def __init__(self, prices: Mapping[str, Sequence[Resource]], *, nat_by_machine: bool) -> None:
        self.prices, self._nat_by_machine = prices, nat_by_machine
        self._disk = self._micro("disk_gib_month")
        self._object = self._micro("object_gib_month")
        self._ip = self._micro("ipv4_hour")
        self._nat, self._nat_gib = self._micro("nat_hour"), self._micro("nat_gib")
        self._balancer = self._micro("load_balancer_hour")
        tiers = sorted(prices["egress_gib"], key=lambda tier: tier.from_gib)
        self._tiers = [(tier.from_gib, micro(tier.usd)) for tier in tiers]
        # Regions that ask the same for everything cost the same beside any machine.
        nat = (self._nat, self._nat_gib, int(nat_by_machine))
        asked = (self._disk, self._object, self._ip, *nat, self._balancer)
        self.same = (*asked, *(figure for tier in self._tiers for figure in tier))

    def of(self, needs: Needs) -> Extras:
        machines = needs.machines
        return Extras(
            disk=_hourly(needs.disk_gib * self._disk) * machines,
            ip=0 if needs.nat else self._ip * machines,
            egress=_hourly(self._egress_month(needs.egress_gib)),
            model_bucket=_hourly(round(needs.weights_gib * self._object)),
            nat=self._gateway(needs) if needs.nat else 0,
            load_balancer=self._balancer if needs.load_balancer else 0,
        )

    def total(self, needs: Needs) -> int:
        """The sum of `of`, several times faster: it is asked for every region of every question."""
        bucket = round(needs.weights_gib * self._object)
        egress = self._egress_month(needs.egress_gib)
        beside = _hourly(needs.disk_gib * self._disk) * needs.machines + _hourly(egress) + _hourly(bucket)
        if needs.load_balancer:
            beside += self._balancer
        if needs.nat:
            return beside + self._gateway(needs)
        return beside + self._ip * needs.machines

    def _gateway(self, needs: Needs) -> int:
        hour = self._nat * needs.machines if self._nat_by_machine else self._nat
        return hour + self._ip + _hourly(self._nat_gib * needs.egress_gib)

    def _micro(self, resource: str) -> int:
        return micro(self.prices[resource][0].usd)

    def _egress_month(self, gib: int) -> int:
        """Each tier's price counts for the part of the traffic that lies in it."""
        if len(self._tiers) == 1 or gib <= self._tiers[1][0]:
            return gib * self._tiers[0][1]
        ends = [start for start, _ in self._tiers[1:]] + [gib]
        return sum(
            max(0, min(gib, end) - start) * price
            for (start, price), end in zip(self._tiers, ends, strict=True)
        )


def micro(usd: Decimal) -> int:
    return int((usd * MICRO).to_integral_value(ROUND_HALF_UP))


# Addresses, gateways and machines cost the same again and again, and an answer names two hundred amounts.
@lru_cache(maxsize=16_384)
def usd(amount_micro: int) -> Decimal:
    return Decimal(amount_micro) / MICRO


def read_resources(rows: Iterable[Row]) -> dict[tuple[str, str], dict[str, list[Resource]]]:
    """By cloud and region, the prices of each resource."""
    found: dict[tuple[str, str], dict[str, list[Resource]]] = {}
    for row in rows:
        own = found.setdefault((row["cloud"], row["region"]), {})
        own.setdefault(row["resource"], []).append(
            Resource(
                usd=Decimal(row["usd"]),
                from_gib=int(row["tier_from_gib"] or 0),
                as_of=date.fromisoformat(row["as_of"]) if row["as_of"] else None,
                source=row["source"],
                verified=row["verified"],
            )
        )
    return found


def _hourly(month_micro: int) -> int:
    """Rounded half up."""
    return (2 * month_micro + HOURS_A_MONTH) // (2 * HOURS_A_MONTH)
