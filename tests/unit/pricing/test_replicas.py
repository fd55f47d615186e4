"""Several machines of one deployment: what they cost, what quotas leave of them, where they may stand."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from contracts.http.pricing import EstimateRequestSchema
from services.pricing.answers import candidate_view
from services.pricing.choice.around import NoBalancer, Surroundings
from services.pricing.choice.fit import Reject
from services.pricing.choice.offers import OfferIndex
from services.pricing.choice.select import Choice, choose
from services.pricing.choice.workload import Workload, resolve
from services.pricing.decisions.explain import outcomes
from services.pricing.facts.catalogue import Catalogue, load_catalogue
from services.pricing.live.overlay import Overlay, lay_over
from services.pricing.live.rows import Kind, LiveRow

DAY = date(2026, 11, 24)
EVERYWHERE = Surroundings()
Asks = Callable[..., Workload]


@pytest.fixture(scope="module")
def several(catalogue: Catalogue) -> Asks:
    """A machine of AWS behind a balancer, as many as said."""

    def build(least: int, most: int, **fields: Any) -> Workload:
        wish = {"model": "llama3.1:8b", "region": "us-east-1", "machine": "g6.xlarge", "spot": "never"}
        body = {**wish, "exposure": "load_balanced", "replicas": {"min": least, "max": most}, **fields}
        return resolve(EstimateRequestSchema().load(body), catalogue)

    return build


def shown(choice: Choice) -> Any:
    return candidate_view(choice.candidates[0], choice, DAY, None, 0)


def test_the_price_is_that_of_all_of_them_and_the_least_is_told_beside(
    index: OfferIndex, several: Asks
) -> None:
    one, four = (shown(choose(index, several(1, most), EVERYWHERE)) for most in (1, 4))

    # Each has a disk; they share balancer, gateway, traffic and the model's copy.
    assert four["machine_hourly_usd"] == one["machine_hourly_usd"] == Decimal("0.8048")
    assert four["hourly_usd"] == one["hourly_usd"] + 3 * (
        Decimal("0.8048") + Decimal(one["breakdown"]["disk_usd"])
    )
    assert four["hourly_usd_at_min"] == one["hourly_usd_at_min"] == one["hourly_usd"]
    assert four["breakdown"]["load_balancer_usd"] == Decimal("0.0225")
    assert four["breakdown"]["ip_usd"] == 0
    assert sum(four["breakdown"].values()) == four["hourly_usd"]


def test_speed_is_that_of_one_and_a_token_costs_a_share(index: OfferIndex, several: Asks) -> None:
    one, four = (shown(choose(index, several(most, most), EVERYWHERE)) for most in (1, 4))

    assert four["tokens_per_s"] == one["tokens_per_s"]
    assert Decimal("0.9") < four["usd_per_mtok"] / one["usd_per_mtok"] < 1


def test_without_a_gateway_each_has_an_address(index: OfferIndex, several: Asks) -> None:
    lean = Surroundings(own_addresses=frozenset({"us-east-1"}))

    found = shown(choose(index, several(1, 4), lean))["breakdown"]

    assert (found["ip_usd"], found["nat_usd"]) == (4 * Decimal("0.005"), 0)


def test_the_cap_and_the_budget_look_at_all_of_them(index: OfferIndex, several: Asks) -> None:
    dear = shown(choose(index, several(1, 4), EVERYWHERE))["hourly_usd"]

    for limit, reason in (("max_hourly_usd", Reject.PRICE_CAP), ("budget_hourly_usd", Reject.BUDGET)):
        within = choose(index, several(1, 4, **{limit: str(dear)}), EVERYWHERE)
        above = choose(index, several(1, 4, **{limit: str(dear - Decimal("0.000001"))}), EVERYWHERE)
        assert within.total == 1
        assert (above.total, above.rejected[reason].count) == (0, 1)


def test_a_quota_must_hold_them_all(index: OfferIndex, several: Asks) -> None:
    enough, short = (Surroundings(quotas={("us-east-1", "G", False): vcpus}) for vcpus in (16, 15))

    assert choose(index, several(1, 4), enough).total == 1
    refused, listed = outcomes(index, several(1, 4), short)
    assert refused.rejected[Reject.QUOTA].count == 1
    [detail] = [found.detail for found in listed if found.reason is Reject.QUOTA]
    assert detail == "takes 16 of quota G, which has 15 in us-east-1"


@pytest.mark.parametrize("why", list(NoBalancer))
def test_a_region_without_a_balancer_is_out_and_says_what_to_do(
    index: OfferIndex, several: Asks, why: NoBalancer
) -> None:
    around = Surroundings(connected=frozenset({"us-east-1"}), unbalanced={"us-east-1": why})

    refused, listed = outcomes(index, several(1, 2), around)
    single, _ = outcomes(index, several(1, 1, exposure="allow_listed"), around)

    assert refused.total == 0
    assert refused.rejected[Reject.BALANCER].examples == [f"aws us-east-1: {why.advice}"]
    assert {found.detail for found in listed if found.reason is Reject.BALANCER} == {
        f"aws us-east-1: {why.advice}"
    }
    assert single.total == 1


def test_replicas_stand_in_all_zones_of_the_network_that_sell_the_machine(
    index: OfferIndex, several: Asks
) -> None:
    zones = ("us-east-1a", "us-east-1b", "us-east-1c")
    pool = ("us-east-1", "g6.xlarge", False)
    around = Surroundings(zones={"us-east-1": zones}, blocked={pool: frozenset({"us-east-1b"})})

    [found] = choose(index, several(2, 4), around).candidates

    assert found.zones == ("us-east-1a", "us-east-1c")


def test_replicas_on_spot_stand_where_it_is_no_dearer_so_that_the_price_is_the_most(
    catalogue: Catalogue, several: Asks
) -> None:
    by_zone = {"us-east-1a": Decimal("0.30"), "us-east-1b": Decimal("0.25"), "us-east-1c": Decimal("0.35")}
    row = LiveRow("g6.xlarge", Kind.SPOT, DAY, usd=min(by_zone.values()), by_zone=by_zone)
    live = lay_over(catalogue.tables, [Overlay("aws", "us-east-1", "feed", (row,))])
    index = OfferIndex(load_catalogue(live))

    found = choose(index, several(2, 4, spot="only"), EVERYWHERE).candidates
    alone = choose(index, several(1, 1, spot="only", exposure="allow_listed"), EVERYWHERE).candidates

    assert [candidate.zones for candidate in found] == [
        ("us-east-1b",),
        ("us-east-1a", "us-east-1b"),
        ("us-east-1c", "us-east-1a", "us-east-1b"),
    ]
    assert [candidate.offer.price.usd for candidate in found] == sorted(by_zone.values())
    assert [candidate.zones for candidate in alone] == [("us-east-1b",), ("us-east-1a",), ("us-east-1c",)]


def test_the_old_flag_still_adds_a_balancer_to_one_machine(catalogue: Catalogue, index: OfferIndex) -> None:
    body = {"model": "llama3.1:8b", "region": "us-east-1", "machine": "g6.xlarge", "spot": "never"}
    plain, flagged = (
        shown(choose(index, resolve(EstimateRequestSchema().load({**body, **more}), catalogue), EVERYWHERE))[
            "hourly_usd"
        ]
        for more in ({}, {"load_balancer": True})
    )

    assert flagged - plain == Decimal("0.0225")
