"""What narrows a choice beside the workload: read from the store, and kept with a decision."""

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.vocabulary import Exposure
from services.chassis.mongo import Document
from services.pricing.balancers import unbalanced
from services.pricing.choice.around import NoBalancer, Surroundings
from services.pricing.facts.quotas import quotas_of
from services.pricing.networks import subnets, usable, without_gateway


def look_around(
    body: Mapping[str, Any], networks: Mapping[str, Mapping[str, Any]], blocks: Sequence[Document]
) -> Surroundings:
    """For a loaded `SelectRequestSchema`, with the connected networks by region and the blocks in force."""
    places = {name: subnets(network, body["exposure"]) for name, network in networks.items()}
    balanced = body["exposure"] is Exposure.LOAD_BALANCED
    return Surroundings(
        allowed=_allowed(body["placements"]),
        connected=frozenset(networks),
        zones={region: tuple(sorted(zones)) for region, zones in places.items()},
        own_addresses=without_gateway(networks) if balanced else frozenset(),
        unbalanced=unbalanced(networks) if balanced else {},
        blocked=_blocked([block for block in blocks if block.get("family") is None]),
        quotas=quotas_of(networks.values(), blocks),
    )


def estimated(
    networks: Mapping[str, Mapping[str, Any]] | None, exposure: Exposure, *, connected_only: bool
) -> Surroundings:
    """For an estimate, with the connected networks by region where they are known: what they cost replicas, and
    where only they count, which of them serve."""
    found, balanced = networks or {}, exposure is Exposure.LOAD_BALANCED
    return Surroundings(
        connected=usable(found, exposure) if connected_only else None,
        own_addresses=without_gateway(found) if balanced else frozenset(),
        unbalanced=unbalanced(found) if balanced and connected_only else {},
    )


def deployable(networks: Mapping[str, Mapping[str, Any]], exposure: Exposure) -> frozenset[str]:
    """Regions where a deployment of this exposure could be built now."""
    found = usable(networks, exposure)
    return found - unbalanced(networks).keys() if exposure is Exposure.LOAD_BALANCED else found


def as_record(around: Surroundings) -> Document:
    """As it is kept: lists in order, because names of machines can't be keys."""
    return {
        "allowed": None if around.allowed is None else sorted(around.allowed),
        "connected": None if around.connected is None else sorted(around.connected),
        "zones": {region: list(zones) for region, zones in sorted(around.zones.items())},
        "own_addresses": sorted(around.own_addresses),
        "unbalanced": {region: why.value for region, why in sorted(around.unbalanced.items())},
        "blocked": [
            {"region": region, "machine": machine, "spot": spot, "zones": sorted(zones)}
            for (region, machine, spot), zones in sorted(around.blocked.items())
        ],
        "quotas": [
            {"region": region, "family": family, "spot": spot, "units": units}
            for (region, family, spot), units in sorted(around.quotas.items())
        ],
    }


def from_record(record: Mapping[str, Any]) -> Surroundings:
    """The very surroundings that were kept."""
    allowed, connected = record["allowed"], record["connected"]
    return Surroundings(
        allowed=None if allowed is None else frozenset(allowed),
        connected=None if connected is None else frozenset(connected),
        zones={region: tuple(zones) for region, zones in record["zones"].items()},
        own_addresses=frozenset(record["own_addresses"]),
        unbalanced={region: NoBalancer(why) for region, why in record["unbalanced"].items()},
        blocked={
            (block["region"], block["machine"], block["spot"]): frozenset(block["zones"])
            for block in record["blocked"]
        },
        quotas={
            (quota["region"], quota["family"], quota["spot"]): quota["units"] for quota in record["quotas"]
        },
    )


def _allowed(placements: list[str] | None) -> frozenset[str] | None:
    return None if placements is None else frozenset(placement.partition(":")[2] for placement in placements)


def _blocked(found: Sequence[Document]) -> dict[tuple[str, str, bool], frozenset[str]]:
    """By offer, the zones that are shut; an empty set where a block names no zone, and so means all."""
    zones: dict[tuple[str, str, bool], set[str]] = {}
    everywhere = set()
    for record in found:
        key = (record["region"], record["machine"], record["spot"])
        zones.setdefault(key, set())
        if record["zone"] is None:
            everywhere.add(key)
        else:
            zones[key].add(record["zone"])
    return {key: frozenset() if key in everywhere else frozenset(shut) for key, shut in zones.items()}
