"""The index finds what a plain scan over every offer finds."""

from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.http.pricing import EstimateRequestSchema
from contracts.vocabulary import Exposure, GpuKind, KvType, RankBy, SpotPolicy
from services.pricing.choice.around import NoBalancer, Surroundings
from services.pricing.choice.fit import Fit, fit
from services.pricing.choice.memory import memory_of
from services.pricing.choice.offers import Offer, OfferIndex
from services.pricing.choice.select import choose
from services.pricing.choice.speed import read_gb
from services.pricing.choice.workload import Workload, resolve
from services.pricing.facts.catalogue import load_catalogue
from services.pricing.facts.extras import Needs, micro
from services.pricing.facts.interruptions import recovery_s
from services.pricing.facts.quotas import quota_of

INDEX = OfferIndex(load_catalogue())
MODELS = sorted(INDEX.catalogue.models)
REGIONS = sorted(INDEX.catalogue.regions)
MACHINES = sorted({offer.machine.name for offer in INDEX.offers})
LIMIT = 12
# More than five thousand in all.
EXAMPLES = 1700


def _sound(fields: dict[str, Any]) -> dict[str, Any]:
    """Replicas as a body has them, and one machine where nothing stands before several."""
    least, most = fields.get("replicas", (1, 1))
    if fields.get("exposure") != Exposure.LOAD_BALANCED:
        least = most = 1
    return {**fields, "replicas": {"min": least, "max": most}}


requests = st.fixed_dictionaries(
    {"model": st.sampled_from(MODELS)},
    optional={
        "context_size": st.integers(256, 512),
        "parallel": st.integers(1, 64),
        "kv_type": st.just(KvType.F16.value),
        "spot": st.sampled_from([policy.value for policy in SpotPolicy]),
        "rank_by": st.sampled_from([unit.value for unit in RankBy]),
        "exposure": st.sampled_from([*Exposure]),
        "replicas": st.tuples(st.integers(1, 16), st.integers(1, 16)).map(sorted),
        "load_balancer": st.booleans(),
        "egress_gib_month": st.sampled_from([0, 10, 1024, 1025, 20_000, 1_000_000]),
        "gpu": st.sampled_from(["none", *GpuKind, *(f"{kind}:{n}" for kind in GpuKind for n in (1, 4, 8))]),
        "min_memory_gib": st.floats(0, 700),
        "min_tokens_per_s": st.floats(0, 200),
        "cloud": st.sampled_from(["aws", "gcp"]),
        "max_hourly_usd": st.decimals("0.02", "100", places=6).map(str),
        "budget_hourly_usd": st.decimals("0.02", "100", places=6).map(str),
    },
).map(_sound)
pools = st.sampled_from([offer.pool for offer in INDEX.offers])
zones = st.sampled_from(sorted(zone for region in INDEX.catalogue.regions.values() for zone in region.zones))
surroundings = st.builds(
    Surroundings,
    connected=st.none() | st.frozensets(st.sampled_from(REGIONS), min_size=1),
    blocked=st.dictionaries(pools, st.just(frozenset()) | st.frozensets(zones, max_size=3), max_size=5),
    quotas=st.dictionaries(st.sampled_from(sorted(INDEX.quotas)), st.sampled_from([0, 4, 8, 64]), max_size=4),
    own_addresses=st.frozensets(st.sampled_from(REGIONS)),
    unbalanced=st.dictionaries(st.sampled_from(REGIONS), st.sampled_from([*NoBalancer]), max_size=8),
)


class Bills:
    """Billed and expected, from the parts that an answer shows; those beside the machine once for each region."""

    def __init__(self, workload: Workload, around: Surroundings) -> None:
        memory = memory_of(workload.load)
        self._recovery = recovery_s(memory.weights_gib)
        self._beside: dict[str, int] = {}
        self._machines, self._balanced = workload.max_machines, workload.exposure == "load_balanced"
        self._own = around.own_addresses if self._balanced else frozenset()
        self._needs = Needs(
            memory.disk_gib(),
            memory.weights_gib,
            workload.egress_gib_month,
            nat=workload.exposure != "allow_listed",
            load_balancer=workload.load_balancer or self._balanced,
        )

    def of(self, offer: Offer) -> tuple[int, int]:
        """Disks and addresses by the machine, and Google's gateway; the rest once."""
        name = offer.region.name
        if name not in self._beside:
            costs = offer.region.costs
            needs = replace(self._needs, nat=False) if name in self._own else self._needs
            one = costs.of(needs)
            more = one.disk + one.ip
            if needs.nat and offer.region.cloud == "gcp":
                more += micro(costs.prices["nat_hour"][0].usd)
            self._beside[name] = one.total + (self._machines - 1) * more
        hourly = self._machines * offer.instance_micro + self._beside[name]
        return hourly, hourly + self._machines * offer.interruption_micro(self._recovery)


def scan(workload: Workload, around: Surroundings) -> tuple[list[tuple[Any, Any]], list[tuple[Any, Any]]]:
    """On-demand and spot offers that serve, each in order of cost: every rule, no index."""
    memory = memory_of(workload.load)
    read = read_gb(workload.load, memory)
    caps = [
        cap * 1_000_000 for cap in (workload.max_hourly_usd, workload.budget_hourly_usd) if cap is not None
    ]
    bills = Bills(workload, around)
    fits: dict[str, Fit] = {}
    found: dict[bool, list[tuple[Any, Any]]] = {False: [], True: []}
    for offer in INDEX.offers:
        if (
            workload.cloud not in {None, offer.region.cloud}
            or workload.machine not in {None, offer.machine.name}
            or (around.connected is not None and offer.region.name not in around.connected)
            or (workload.exposure == "load_balanced" and offer.region.name in around.unbalanced)
        ):
            continue
        name = offer.machine.name
        if name not in fits:
            fits[name] = fit(offer.machine, workload, memory, read)
        fitness = fits[name]
        if fitness.reason is not None:
            continue
        family, units = quota_of(offer.machine)
        if workload.max_machines * units > around.quotas.get((offer.region.name, family, offer.spot), 10**9):
            continue
        shut = around.blocked.get(offer.pool)
        if shut is not None and (not shut or shut >= set(offer.region.zones)):
            continue
        billed, expected = bills.of(offer)
        if all(billed <= cap for cap in caps):
            weight = 1 / fitness.tokens_per_s if workload.rank_by == RankBy.TOKEN else 1
            found[offer.spot].append((expected * weight, offer.key))
    return sorted(found[False]), sorted(found[True])


def expected(workload: Workload, around: Surroundings) -> list[tuple[Any, Any]]:
    steady, spot = scan(workload, around)
    if workload.spot == SpotPolicy.NEVER:
        return steady[:LIMIT]
    if workload.spot == SpotPolicy.ONLY:
        return spot[:LIMIT]
    if steady:
        spot = [entry for entry in spot if entry[0] < steady[0][0]]
    fallback = min(len(steady), max(LIMIT // 3, LIMIT - len(spot[:LIMIT])))
    return spot[: LIMIT - fallback] + steady[:fallback]


def check(fields: dict[str, Any], around: Surroundings) -> None:
    workload = resolve(EstimateRequestSchema().load(fields), INDEX.catalogue)

    choice = choose(INDEX, workload, around, LIMIT)

    assert [candidate.offer.key for candidate in choice.candidates] == [
        key for _, key in expected(workload, around)
    ]
    bills = Bills(workload, around)
    for candidate in choice.candidates:
        assert (candidate.hourly_micro, candidate.expected_micro) == bills.of(candidate.offer)
        assert candidate.hourly_micro_of(workload.max_machines) == candidate.hourly_micro
        assert candidate.hourly_micro_of(workload.min_machines) <= candidate.hourly_micro
    counted = choice.total + sum(rejection.count for rejection in choice.rejected.values())
    assert counted == len(INDEX.offers)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(fields=requests)
def test_the_ranking_is_that_of_a_scan_over_everything(fields: dict[str, Any]) -> None:
    check(fields, Surroundings())


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(fields=requests, around=surroundings)
def test_so_it_is_among_blocks_and_quotas(fields: dict[str, Any], around: Surroundings) -> None:
    check(fields, around)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(fields=requests, around=surroundings, machine=st.sampled_from(MACHINES))
def test_so_it_is_for_one_machine(fields: dict[str, Any], around: Surroundings, machine: str) -> None:
    workload = resolve(EstimateRequestSchema().load({**fields, "gpu": None, "cloud": None}), INDEX.catalogue)
    workload = replace(workload, machine=machine)

    choice = choose(INDEX, workload, around, LIMIT)

    assert [found.offer.key for found in choice.candidates] == [key for _, key in expected(workload, around)]


def test_the_winner_of_a_preference_is_the_cheapest_of_all() -> None:
    workload = resolve(EstimateRequestSchema().load({"model": "llama3.1:8b"}), INDEX.catalogue)
    steady, spot = scan(workload, Surroundings())

    winner = choose(INDEX, workload, Surroundings()).candidates[0]

    assert winner.expected_micro == min(steady[0][0], spot[0][0])
