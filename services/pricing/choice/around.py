"""What narrows a choice beside the workload: where networks stand, what is out of capacity, what quotas allow."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from services.pricing.choice.fit import Reject
from services.pricing.choice.offers import Offer, OfferIndex, Pool, RegionsView
from services.pricing.facts.quotas import QuotaKey, quota_of


class NoBalancer(StrEnum):
    """What keeps a connected region from replicas."""

    NOT_RECORDED = "not_recorded"
    ONE_ZONE = "one_zone"

    @property
    def advice(self) -> str:
        return _ADVICE[self]


_ADVICE = {
    NoBalancer.NOT_RECORDED: "its network record names no balancer; add one with certificate, domain and dns_zone, "
    "and import the record again",
    NoBalancer.ONE_ZONE: "a balancer there needs public subnets in two zones, and its network has them in one; "
    "connect a network of more zones",
}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`allowed` and `connected` are region names, None where it does not matter. `zones` are those of connected
    regions, `own_addresses` the regions whose machines get out by their own, and `unbalanced` says of a region why no
    balancer can stand there; both are asked of replicas alone. `blocked` holds pools with the zones out of capacity; an empty set means all. `quotas` are the most
    that the machines of one deployment may take of a family, in the cloud's own unit; a family that is used up has zero.
    """

    allowed: frozenset[str] | None = None
    connected: frozenset[str] | None = None
    zones: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    own_addresses: frozenset[str] = frozenset()
    unbalanced: Mapping[str, NoBalancer] = field(default_factory=dict)
    blocked: Mapping[Pool, frozenset[str]] = field(default_factory=dict)
    quotas: Mapping[QuotaKey, int] = field(default_factory=dict)

    def against_region(self, name: str, *, balanced: bool) -> Reject | None:
        if self.allowed is not None and name not in self.allowed:
            return Reject.NOT_ALLOWED
        if self.connected is not None and name not in self.connected:
            return Reject.NOT_CONNECTED
        if self.zones.get(name) == ():
            return Reject.NOT_CONNECTED  # Its network has no subnet for this exposure.
        return Reject.BALANCER if balanced and name in self.unbalanced else None

    def open_zones(self, offer: Offer) -> tuple[str, ...]:
        """In the order to try them."""
        zones, shut = self._zones(offer), self.blocked.get(offer.pool)
        if shut is None:
            return zones
        return tuple(zone for zone in zones if zone not in shut) if shut else ()

    def against(self, offer: Offer, machines: int) -> Reject | None:
        """What shuts an offer to so many machines, their fitness and price apart."""
        if not self._zones(offer):
            return Reject.NOT_CONNECTED
        family, units = quota_of(offer.machine)
        units *= machines
        if units > self.quotas.get((offer.region.name, family, offer.spot), units):
            return Reject.QUOTA
        return None if self.open_zones(offer) else Reject.BLOCKED

    def shut_offers(
        self, index: OfferIndex, view: RegionsView, machines: int
    ) -> Iterator[tuple[Offer, Reject]]:
        """Those of the view that `against` refuses, found without looking at all the others."""
        seen = set()
        for offer in self._suspects(index, view):
            if offer.key not in seen:
                seen.add(offer.key)
                reason = self.against(offer, machines)
                if reason is not None:
                    yield offer, reason

    def _suspects(self, index: OfferIndex, view: RegionsView) -> Iterator[Offer]:
        regions = {region.name for region in view.regions}
        for pool in self.blocked:
            if pool[0] in regions:
                yield from index.pools.get(pool, ())
        for key in self.quotas:
            if key[0] in regions:
                yield from index.quotas.get(key, ())
        for name in self.zones:
            if name in regions:
                yield from index.zoned.get(name, ())

    def _zones(self, offer: Offer) -> tuple[str, ...]:
        """Where the offer stands and a network does, whatever is blocked."""
        zones = self.zones.get(offer.region.name, offer.zones or offer.region.zones)
        return zones if offer.zones is None else tuple(zone for zone in zones if zone in offer.zones)
