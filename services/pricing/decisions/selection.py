"""The decision for one deployment: offers in connected regions to try in turn, kept with all it was made from."""

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.vocabulary import Exposure
from services.chassis.clock import Clock
from services.chassis.errors import InvalidError
from services.chassis.ids import new_id
from services.chassis.logs import get_logger
from services.chassis.mongo import Document, Store
from services.pricing import answers
from services.pricing import store as records
from services.pricing.choice.select import Candidate, Choice
from services.pricing.current import Current
from services.pricing.decisions.record import compose, decide
from services.pricing.decisions.store import DecisionStore
from services.pricing.decisions.surroundings import look_around
from services.pricing.facts.extras import usd
from services.pricing.networks import by_region, is_public, subnets

log = get_logger(__name__)


class NoOfferError(InvalidError):
    """The request is sound, and nothing on offer meets it."""

    kind, title = "no-offer", "No offer meets this request"


def select(
    body: Mapping[str, Any], *, current: Current, store: Store, decisions: DecisionStore, clock: Clock
) -> Document:
    """Offers in connected regions to try in turn, one per zone (with replicas one for all zones), and the decision kept. Raises NoOfferError."""
    index, now = current.index, clock()
    networks = by_region(records.networks(store))
    around = look_around(body, networks, records.blocks(store, now))
    decided = decide(body, around, index, current.sources(now))
    choice, decision_id = decided.choice, new_id("dec")
    answer = {
        "decision_id": decision_id,
        "model": _model(choice),
        "requirements": answers.requirements(choice.workload, choice.memory),
        "candidates": _by_zone(choice, networks),
        "rejected": answers.rejections(choice),
        "catalogue": answers.catalogue_note(index.catalogue, now.date(), decided.sources),
    }
    record = compose(decision_id, decided, now)
    decisions.keep(record, index.catalogue.tables)
    # The hash is in the log as well, beyond the reach of whoever changes the record.
    log.info(
        "offers_selected",
        decision_id=decision_id,
        deployment_id=body["deployment_id"],
        total=choice.total,
        sha256=record["sha256"],
    )
    if not choice.candidates:
        raise _no_offer(choice, decision_id)
    return answer


def _model(choice: Choice) -> Document:
    load = choice.workload.load
    return {
        "tag": load.model.pull_tag(load.quantisation),
        "context_size": load.context_size,
        "parallel": load.parallel,
        "kv_type": load.kv_type,
    }


def _by_zone(choice: Choice, networks: Mapping[str, Mapping[str, Any]]) -> list[Document]:
    """One entry per zone: a zone out of capacity says nothing about its neighbour, which costs the same. Replicas
    spread over all zones of their entry, which is there once."""
    balanced = choice.workload.exposure is Exposure.LOAD_BALANCED
    return [
        _entry(candidate, zone, choice, networks[candidate.offer.region.name])
        for candidate in choice.candidates
        for zone in (candidate.zones[:1] if balanced else candidate.zones)
    ]


def _entry(candidate: Candidate, zone: str, choice: Choice, network: Mapping[str, Any]) -> Document:
    machine, offer = candidate.offer.machine, candidate.offer
    hourly, monthly = answers.hourly_and_monthly(candidate)
    return {
        "cloud": machine.cloud,
        "account": network["account"],
        "region": network["region"],
        "zone": zone,
        "machine": {
            "type": machine.name,
            "arch": machine.arch,
            "gpu_kind": machine.gpu.kind if machine.gpu else None,
            "gpu_count": machine.gpu_count,
            "disk_gib": choice.memory.disk_gib(),
        },
        "spot": offer.spot,
        "tokens_per_s": round(candidate.fit.tokens_per_s, 1),
        "hourly_usd": hourly,
        "hourly_usd_at_min": answers.hourly_at_min(candidate, choice.workload),
        "instance_usd": usd(offer.instance_micro),
        "monthly_usd": monthly,
        "network": _network(candidate.zones, zone, choice.workload.exposure, network),
    }


def _network(zones: Sequence[str], zone: str, exposure: Exposure, network: Mapping[str, Any]) -> Document:
    there = subnets(network, exposure)
    balanced = exposure is Exposure.LOAD_BALANCED
    # On Google Cloud the same subnet stands under every zone.
    public = list(dict.fromkeys(network["public_subnets"].values()))
    return {
        "vpc_id": network["vpc_id"],
        "subnet_id": there[zone],
        "subnets": {name: there[name] for name in (zones if balanced else (zone,))},
        "public": is_public(network, exposure),
        "balancer": {**network["balancer"], "subnets": public} if balanced else None,
        "instance_profile": network["instance_profile"],
        "egress_cidrs": network["egress_cidrs"],
    }


def _no_offer(choice: Choice, decision_id: str) -> NoOfferError:
    counted = [
        (reason.value, f"{rejection.count} offers: {'; '.join(rejection.examples)}")
        for reason, rejection in choice.rejected.items()
    ]
    summary = ", ".join(f"{reason} ({text.partition(':')[0]})" for reason, text in counted)
    return NoOfferError(
        f"No connected region offers a machine for {choice.workload.load.model.tag}: {summary}. "
        f"Decision {decision_id}.",
        errors=[{"field": reason, "message": text} for reason, text in counted],
    )
