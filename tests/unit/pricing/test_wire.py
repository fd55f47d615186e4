"""What goes over the wire is what the schema says."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.http.pricing import EstimateRequestSchema, EstimateResponseSchema
from services.pricing import answers, handlers, wire
from services.pricing.choice.around import Surroundings
from services.pricing.choice.offers import OfferIndex
from services.pricing.choice.select import choose
from services.pricing.choice.side_by_side import best_by_cloud
from services.pricing.choice.workload import Workload, resolve
from services.pricing.connected import ConnectedRegions
from services.pricing.current import Current
from services.pricing.facts.catalogue import Catalogue, load_catalogue

NOW = datetime(2026, 11, 24, 8, 30, 15, 123456, tzinfo=UTC)


def answer(index: OfferIndex, workload: Workload, connected: frozenset[str] | None) -> dict[str, Any]:
    choice = choose(index, workload, Surroundings())
    note = answers.catalogue_note(index.catalogue, NOW.date(), Current(index).sources(NOW))
    best = best_by_cloud(index, choice, Surroundings())
    return answers.estimate(choice, best, note, NOW.date(), connected)


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"rank_by": "token"},
        {"spot": "only", "gpu": "none"},
        {"exposure": "private", "load_balancer": True, "cloud": "gcp"},
        {"exposure": "load_balanced", "replicas": {"min": 1, "max": 4}},
        {"max_hourly_usd": "0.003"},
        {"kv_type": "q8_0", "parallel": 3, "egress_gib_month": 2000},
    ],
)
def test_the_bytes_are_those_of_the_schema(index: OfferIndex, wish: dict[str, Any]) -> None:
    workload = resolve(EstimateRequestSchema().load({"model": "llama3.1:8b", **wish}), index.catalogue)

    for connected in (None, frozenset({"us-east-1"})):
        found = answer(index, workload, connected)
        assert json.loads(wire.json_response(found).data) == json.loads(
            json.dumps(EstimateResponseSchema().dump(found))
        )


def test_a_breakdown_adds_up_and_interruptions_come_on_top(
    index: OfferIndex, asks: Callable[..., Workload]
) -> None:
    for found in answer(index, asks("qwen2.5:32b"), None)["candidates"]:
        assert sum(found["breakdown"].values()) == found["hourly_usd"]
        assert (found["expected_hourly_usd"] > found["hourly_usd"]) == found["spot"]


def test_both_clouds_are_shown_whichever_wins(index: OfferIndex, asks: Callable[..., Workload]) -> None:
    found = answer(index, asks("llama3.1:8b"), None)

    assert [entry["cloud"] for entry in found["by_cloud"]] == ["aws", "gcp"]
    assert min(entry["above_best_pct"] for entry in found["by_cloud"]) == 0
    assert found["candidates"][0] in [entry["candidate"] for entry in found["by_cloud"]]
    assert [entry["candidate"]["cloud"] for entry in found["by_cloud"]] == ["aws", "gcp"]


def test_every_price_is_stale_by_the_age_that_the_operator_set(catalogue: Catalogue) -> None:
    oldest = (NOW.date() - catalogue.as_of).days
    for days, expected in ((1, True), (oldest, False)):
        own = OfferIndex(load_catalogue(catalogue.tables, stale_days=days))
        current, connected = Current(own), ConnectedRegions(frozenset)
        fields = EstimateRequestSchema().load({"model": "llama3.1:8b"})

        found = handlers.estimate(fields, current=current, connected=connected, clock=lambda: NOW)
        wanted = {"cloud": None, "region": None, "machine": "g6.xlarge", "gpu": None}
        [machine] = handlers.machines(wanted, current=current, clock=lambda: NOW)["items"]

        shown = [*found["candidates"], *(entry["candidate"] for entry in found["by_cloud"])]
        assert {candidate["price"]["stale"] for candidate in shown} == {expected}
        assert {price["on_demand"]["stale"] for price in machine["prices"]} == {expected}
        assert {price["spot"]["stale"] for price in machine["prices"] if price["spot"]} == {expected}
        assert found["catalogue"]["stale"] == expected


def test_what_is_no_figure_does_not_slip_through() -> None:
    with pytest.raises(TypeError):
        wire.json_response({"odd": object()})
