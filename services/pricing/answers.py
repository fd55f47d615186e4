"""What a choice looks like from outside. The command line and the HTTP door answer with the same object."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from contracts.vocabulary import RankBy
from services.pricing.choice.memory import Memory
from services.pricing.choice.select import RULE_VERSION, Candidate, Choice
from services.pricing.choice.side_by_side import Best
from services.pricing.choice.speed import usd_per_million_tokens
from services.pricing.choice.workload import Workload
from services.pricing.facts.catalogue import Catalogue
from services.pricing.facts.extras import HOURS_A_MONTH, MICRO, usd
from services.pricing.facts.prices import STALE_DAYS, Price

Answer = dict[str, Any]
_GIB_PLACES = 3
_MTOK_PLACES = Decimal("0.0001")


def estimate(
    choice: Choice,
    best: Best,
    note: Answer,
    today: date,
    connected: frozenset[str] | None,
    stale_days: int = STALE_DAYS,
) -> Answer:
    """`note` is the catalogue's, and `stale_days` too. `connected` None leaves the flag of each candidate null:
    nobody knows without a store."""

    def view(candidate: Candidate, rank: int) -> Answer:
        return candidate_view(candidate, choice, today, connected, rank, stale_days)

    shown = [view(candidate, rank) for rank, candidate in enumerate(choice.candidates)]
    return {
        "requirements": requirements(choice.workload, choice.memory),
        "by_cloud": _by_cloud(choice, best, shown, view),
        "candidates": shown,
        "candidates_total": choice.total,
        "rejected": rejections(choice),
        "catalogue": note,
    }


def candidate_view(
    candidate: Candidate,
    choice: Choice,
    today: date,
    connected: frozenset[str] | None,
    rank: int,
    stale_days: int = STALE_DAYS,
) -> Answer:
    offer, found = candidate.offer, candidate.fit
    machine, region = offer.machine, offer.region
    hourly, monthly = hourly_and_monthly(candidate)
    machines = choice.workload.max_machines
    return {
        "cloud": region.cloud,
        "region": region.name,
        "zone": candidate.zones[0],
        "zones": list(candidate.zones),
        "machine": machine.name,
        "arch": machine.arch,
        "vcpus": machine.vcpus,
        "memory_gib": machine.memory_gib,
        "gpu": machine.gpu.kind if machine.gpu else None,
        "gpu_count": machine.gpu_count,
        "spot": offer.spot,
        "hourly_usd": hourly,
        "hourly_usd_at_min": hourly_at_min(candidate, choice.workload),
        "machine_hourly_usd": usd(offer.instance_micro),
        "expected_hourly_usd": usd(candidate.expected_micro),
        "monthly_usd": monthly,
        "breakdown": _breakdown(candidate),
        "tokens_per_s": round(found.tokens_per_s, 1),
        "usd_per_mtok": usd_per_million_tokens(hourly, found.tokens_per_s * machines).quantize(_MTOK_PLACES),
        "interruption_band": offer.interruption_band or None,
        "connected": None if connected is None else region.name in connected,
        "price": price_note(offer.price, today, stale_days),
        "reasons": _reasons(candidate, choice, rank),
    }


def requirements(workload: Workload, memory: Memory) -> Answer:
    """Terms are rounded first, and the sums are those of the rounded terms, so that they add up on paper."""
    load = workload.load
    weights, cache, compute, reserve = (
        round(term, _GIB_PLACES)
        for term in (memory.weights_gib, memory.kv_cache_gib, memory.compute_gib, memory.reserve_gib)
    )
    overhead = round(compute + reserve, _GIB_PLACES)
    return {
        "model": load.model.tag,
        "pull_tag": load.model.pull_tag(load.quantisation),
        "architecture_from": load.model.origin,
        "context_size": load.context_size,
        "parallel": load.parallel,
        "quantisation": load.quantisation,
        "kv_type": load.kv_type,
        "vram_gib": round(weights + cache + overhead, _GIB_PLACES),
        "weights_gib": weights,
        "kv_cache_gib": cache,
        "overhead_gib": overhead,
        "compute_gib": compute,
        "reserve_gib": reserve,
        "ram_gib": round(memory.ram_gib, _GIB_PLACES),
        "host_ram_gib": round(memory.host_ram_gib, _GIB_PLACES),
        "disk_gib": memory.disk_gib(),
        "min_tokens_per_s": workload.min_tokens_per_s,
    }


def rejections(choice: Choice) -> list[Answer]:
    return [
        {"reason": reason.value, "count": rejection.count, "examples": list(rejection.examples)}
        for reason, rejection in choice.rejected.items()
    ]


def catalogue_note(catalogue: Catalogue, today: date, sources: Sequence[Answer]) -> Answer:
    """`sources` are those of `Current`: whence the figures come, and how old they are."""
    age = max(0, (today - catalogue.as_of).days)
    return {
        "digest": catalogue.digest,
        "as_of": catalogue.as_of,
        "age_days": age,
        "stale": age > catalogue.stale_days,
        "rule_version": RULE_VERSION,
        "sources": list(sources),
    }


def price_note(price: Price, today: date, stale_days: int = STALE_DAYS) -> Answer:
    age = price.age_days(today)
    return {"source": price.source, "as_of": price.as_of, "age_days": age, "stale": age > stale_days}


def hourly_and_monthly(candidate: Candidate) -> tuple[Decimal, Decimal]:
    hourly = usd(candidate.hourly_micro)
    return hourly, (hourly * HOURS_A_MONTH).quantize(Decimal("0.01"))


def hourly_at_min(candidate: Candidate, workload: Workload) -> Decimal:
    fewest = workload.min_machines
    if fewest == workload.max_machines:
        return usd(candidate.hourly_micro)
    return usd(candidate.hourly_micro_of(fewest))


def _by_cloud(
    choice: Choice, best: Best, shown: Sequence[Answer], view: Callable[[Candidate, int], Answer]
) -> list[Answer]:
    by_token = choice.workload.rank_by == RankBy.TOKEN
    lowest = min((_score(found, by_token=by_token) for _, found in best if found), default=0.0)
    entries = []
    for cloud, found in best:
        candidate = above = None
        if found is not None:
            first = bool(choice.candidates) and found is choice.candidates[0]
            candidate = shown[0] if first else view(found, 1)
            above = round(100 * (_score(found, by_token=by_token) / lowest - 1), 1)
        entries.append({"cloud": cloud, "candidate": candidate, "above_best_pct": above})
    return entries


def _score(candidate: Candidate, *, by_token: bool) -> float:
    return candidate.expected_micro / (candidate.fit.tokens_per_s if by_token else 1)


def _breakdown(candidate: Candidate) -> Mapping[str, Decimal]:
    extras = candidate.extras
    return {
        "instance_usd": usd(candidate.offer.instance_micro * candidate.needs.machines),
        "disk_usd": usd(extras.disk),
        "ip_usd": usd(extras.ip),
        "egress_usd": usd(extras.egress),
        "model_bucket_usd": usd(extras.model_bucket),
        "nat_usd": usd(extras.nat),
        "load_balancer_usd": usd(extras.load_balancer),
    }


def _reasons(candidate: Candidate, choice: Choice, rank: int) -> list[str]:
    found, offer = candidate.fit, candidate.offer
    where = f"{found.gpus_used} x {offer.machine.gpu.kind}" if offer.machine.gpu else "RAM"
    each = " on each" if found.gpus_used > 1 else ""
    reasons = [
        f"needs {found.needed_gib:.1f} of {found.has_gib:.1f} GiB{each} in {where}",
        f"{found.tokens_per_s:.1f} tokens/s, at least {choice.workload.min_tokens_per_s:g} wanted",
    ]
    if choice.workload.max_machines > 1:
        reasons.append(f"{choice.workload.max_machines} machines at most, whose cost this is")
    if rank == 0:
        unit = "token" if choice.workload.rank_by == RankBy.TOKEN else "hour"
        reasons.append(f"the cheapest by the {unit} of {choice.total} offers that serve")
    if candidate.expected_micro > candidate.hourly_micro:
        risk = (candidate.expected_micro - candidate.hourly_micro) / MICRO
        reasons.append(f"interruptions are expected to cost {risk:.6f} USD an hour more")
    if not offer.spot and choice.workload.spot == "prefer":
        reasons.append("on demand, to fail over to" if rank else "no spot offer is cheaper")
    return reasons
