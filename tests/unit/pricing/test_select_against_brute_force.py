"""The index finds what a plain scan over every offer finds."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.http.workload import WorkloadSchema
from contracts.vocabulary import GpuKind, KvType, SpotPolicy
from services.pricing.catalogue import load_catalogue
from services.pricing.fit import fit
from services.pricing.memory import memory_of
from services.pricing.offers import Offer, OfferIndex, micro
from services.pricing.select import Surroundings, choose
from services.pricing.speed import weights_read_gb
from services.pricing.workload import Workload, resolve

INDEX = OfferIndex(load_catalogue())
MODELS = sorted(INDEX.catalogue.models)
REGIONS = sorted(INDEX.catalogue.regions)
LIMIT = 12

requests = st.fixed_dictionaries(
    {"model": st.sampled_from(MODELS)},
    optional={
        "context_size": st.integers(256, 512),
        "parallel": st.integers(1, 64),
        "kv_type": st.just(KvType.F16.value),
        "spot": st.sampled_from([policy.value for policy in SpotPolicy]),
        "gpu": st.sampled_from(["none", *GpuKind, *(f"{kind}:{n}" for kind in GpuKind for n in (1, 4, 8))]),
        "min_memory_gib": st.floats(0, 700),
        "min_tokens_per_s": st.floats(0, 200),
        "cloud": st.sampled_from(["aws", "gcp"]),
        "max_hourly_usd": st.decimals("0.02", "100", places=6).map(str),
    },
)
surroundings = st.builds(
    Surroundings,
    connected=st.none() | st.frozensets(st.sampled_from(REGIONS), min_size=1),
    blocked=st.dictionaries(
        st.sampled_from([offer.key for offer in INDEX.offers]), st.just(frozenset()), max_size=5
    ),
)


def scan(workload: Workload, around: Surroundings) -> tuple[list[tuple[int, Any]], list[tuple[int, Any]]]:
    """On-demand and spot offers that serve, each in order of cost: every rule, no index."""
    memory = memory_of(workload.load)
    cap = None if workload.max_hourly_usd is None else micro(workload.max_hourly_usd)
    found: dict[bool, list[tuple[int, Any]]] = {False: [], True: []}
    for offer in INDEX.offers:
        total = offer.hourly_micro(memory.disk_gib())
        read_gb = weights_read_gb(workload.load)
        if (
            workload.cloud in {None, offer.region.cloud}
            and (around.connected is None or offer.region.name in around.connected)
            and offer.key not in around.blocked
            and (cap is None or total <= cap)
            and fit(offer.machine, workload, memory, read_gb).reason is None
        ):
            found[offer.spot].append((total, offer.key))
    return sorted(found[False]), sorted(found[True])


def expected(workload: Workload, around: Surroundings) -> list[tuple[int, Any]]:
    steady, spot = scan(workload, around)
    if workload.spot == SpotPolicy.NEVER:
        return steady[:LIMIT]
    if workload.spot == SpotPolicy.ONLY:
        return spot[:LIMIT]
    if steady:
        spot = [entry for entry in spot if entry[0] < steady[0][0]]
    fallback = min(len(steady), max(LIMIT // 3, LIMIT - len(spot[:LIMIT])))
    return spot[: LIMIT - fallback] + steady[:fallback]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(fields=requests, around=surroundings)
def test_the_ranking_is_that_of_a_scan_over_everything(fields: dict[str, Any], around: Surroundings) -> None:
    workload = resolve(WorkloadSchema().load(fields), INDEX.catalogue)

    choice = choose(INDEX, workload, around, LIMIT)

    assert [(candidate.hourly_micro, candidate.offer.key) for candidate in choice.candidates] == expected(
        workload, around
    )
    counted = choice.total + sum(rejection.count for rejection in choice.rejected.values())
    assert counted == len(INDEX.offers)


def test_the_winner_of_a_preference_is_the_cheapest_of_all() -> None:
    workload = resolve(WorkloadSchema().load({"model": "llama3.1:8b"}), INDEX.catalogue)
    steady, spot = scan(workload, Surroundings())

    winner = choose(INDEX, workload, Surroundings()).candidates[0]

    assert winner.hourly_micro == min(steady[0][0], spot[0][0])
    assert isinstance(winner.offer, Offer)
