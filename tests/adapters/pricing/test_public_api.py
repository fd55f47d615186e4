"""What anybody may ask over HTTP."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from pymongo import MongoClient

from contracts.http.pricing import EstimateResponseSchema
from services.chassis.auth_verify import Verifier
from services.chassis.mongo import Store
from services.pricing.app import flask_app


def test_an_estimate_by_query_and_by_body_is_the_same(client: FlaskClient) -> None:
    by_query = client.get(
        "/api/pricing/estimate?model=llama3.1:8b&context_size=8192&gpu=L4:1&max_hourly_usd=1.5"
    )
    by_body = client.post(
        "/api/pricing/estimate",
        json={
            "model": "llama3.1:8b",
            "context_size": 8192,
            "gpu": {"kind": "L4", "count": 1},
            "max_hourly_usd": 1.5,
        },
    )

    assert by_query.status_code == by_body.status_code == 200
    assert by_query.json == by_body.json
    found: Any = by_body.json
    assert EstimateResponseSchema().validate(found) == {}
    assert found["requirements"]["vram_gib"] == 6.389
    assert {candidate["gpu"] for candidate in found["candidates"]} == {"L4"}


def test_candidates_say_whether_their_region_is_connected(client: FlaskClient, connected: Store) -> None:
    found: Any = client.get("/api/pricing/estimate?model=llama3.2:1b&spot=never&cloud=aws&limit=100").json

    flags = {candidate["region"]: candidate["connected"] for candidate in found["candidates"]}
    assert flags["us-east-1"] is True
    assert {flag for region, flag in flags.items() if region != "us-east-1"} == {False}


def test_an_estimate_may_be_narrowed_to_connected_regions(client: FlaskClient, connected: Store) -> None:
    found: Any = client.get("/api/pricing/estimate?model=llama3.2:1b&connected_only=true").json

    assert {candidate["region"] for candidate in found["candidates"]} == {"us-east-1"}
    assert "not_connected" in {group["reason"] for group in found["rejected"]}


def test_nothing_on_offer_is_an_answer_with_reasons(client: FlaskClient) -> None:
    found: Any = client.get("/api/pricing/estimate?model=deepseek-r1:671b&gpu=T4").json

    assert found["candidates"] == []
    assert {group["reason"] for group in found["rejected"]} == {"gpu", "memory"}


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"model": "llama3.1:8b", "context_size": -1}, "context_size", "from 256 to 10485760"),
        ({"model": "llama3.1:8b", "context_size": 131_073}, "context_size", "from 256 to 131072"),
        ({"model": "llama3.1:8b", "region": "nowhere-1"}, "region", "us-east-1"),
        ({"model": "llama3.1:8b", "region": "us-east-1", "cloud": "gcp"}, "region", "belongs to aws"),
        ({"model": "no-such:1b"}, "model", "no model no-such:1b"),
        ({}, "model", "Missing data"),
        ({"model": "llama3.1:8b", "surprise": 1}, "surprise", "Unknown field"),
        ({"model": "llama3.1:8b", "gpu": {"kind": "B200"}}, "gpu.kind", "T4, L4"),
    ],
)
def test_bad_input_is_a_problem_that_names_the_field(
    client: FlaskClient, body: dict[str, Any], field: str, words: str
) -> None:
    answer = client.post("/api/pricing/estimate", json=body)

    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    problem: Any = answer.json
    assert [entry["field"] for entry in problem["errors"]] == [field]
    assert words in problem["errors"][0]["message"]


def test_not_a_number_is_refused_in_a_body_and_in_a_query(client: FlaskClient) -> None:
    ranges = {
        "context_size": "Must be a whole number from 256 to 10485760.",
        "min_memory_gib": "Must be a number from 0 to 4096.",
        "min_tokens_per_s": "Must be a number from 0 to 10000.",
        "egress_gib_month": "Must be a whole number from 0 to 1000000.",
        "max_hourly_usd": "Must be an amount in US dollars above 0 and at most 10000.",
    }
    for field, message in ranges.items():
        for number in ("NaN", "Infinity", "-Infinity"):
            body = f'{{"model": "llama3.1:8b", "{field}": {number}}}'
            by_body = client.post("/api/pricing/estimate", data=body, content_type="application/json")
            by_query = client.get(f"/api/pricing/estimate?model=llama3.1:8b&{field}={number}")

            for answer in (by_body, by_query):
                problem: Any = answer.json
                assert answer.status_code == 422
                assert problem["errors"] == [{"field": field, "message": message}]


def test_a_misspelt_parameter_is_not_passed_over(client: FlaskClient) -> None:
    answer = client.get("/api/pricing/estimate?model=llama3.1:8b&contxt_size=4096")

    assert answer.status_code == 422
    problem: Any = answer.json
    assert problem["errors"] == [{"field": "contxt_size", "message": "Unknown field."}]


def test_malformed_json_and_a_wrong_type_of_body_are_told_apart(client: FlaskClient) -> None:
    malformed = client.post("/api/pricing/estimate", data="{", content_type="application/json")
    a_list = client.post("/api/pricing/estimate", json=[1])
    a_form = client.post("/api/pricing/estimate", data={"model": "llama3.1:8b"})

    assert malformed.status_code == 400
    assert a_list.status_code == 422
    assert a_form.status_code == 415
    assert {answer.mimetype for answer in (malformed, a_list, a_form)} == {"application/problem+json"}


def test_models_are_listed_and_shown(client: FlaskClient) -> None:
    listed: Any = client.get("/api/models").json
    visions: Any = client.get("/api/models?capability=vision").json
    shown: Any = client.get("/api/models/llama3.1:8b").json

    assert len(listed["items"]) >= 45
    assert 0 < len(visions["items"]) < len(listed["items"])
    assert (shown["layers"], shown["kv_heads"], shown["attention"]) == (32, 8, "full")
    assert shown["requirements"]["kv_cache_gib"] == 1.0
    assert "llama3.1:8b-instruct-q8_0" in shown["other_names"]


def test_an_unknown_model_is_not_found_and_near_names_are_given(client: FlaskClient) -> None:
    answer = client.get("/api/models/hf.co/owner/llama3.1")

    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"


def test_machines_are_listed_with_their_prices(client: FlaskClient) -> None:
    everything: Any = client.get("/api/pricing/machines").json
    one: Any = client.get("/api/pricing/machines?machine=g6.xlarge").json
    l4: Any = client.get("/api/pricing/machines?gpu=L4&cloud=gcp&region=us-central1").json

    assert len(everything["items"]) > 200
    [machine] = one["items"]
    assert len(machine["prices"]) == len(machine["regions"]) > 3
    assert machine["prices"][0]["on_demand_usd"] == 0.8048
    assert machine["prices"][0]["on_demand"]["source"]
    assert {item["machine"].split("-")[0] for item in l4["items"]} == {"g2"}


@pytest.mark.parametrize(
    "query", ["gpu=B200", "region=nowhere-1", "machine=g9.huge", "cloud=gcp&region=us-east-1", "x=1"]
)
def test_a_listing_of_what_nobody_sells_is_refused(client: FlaskClient, query: str) -> None:
    assert client.get(f"/api/pricing/machines?{query}").status_code == 422


def test_an_estimate_answers_while_the_store_is_away() -> None:
    away = MongoClient[dict[str, Any]]("mongodb://127.0.0.1:1", serverSelectionTimeoutMS=50).get_database(
        "gone"
    )
    verifier = Verifier(lambda: {"keys": []}, lambda _: {"cursor": "", "revoked": []})
    client = flask_app(away, verifier).test_client()

    answer: Any = client.get("/api/pricing/estimate?model=llama3.2:1b")

    assert answer.status_code == 200
    assert {candidate["connected"] for candidate in answer.json["candidates"]} == {None}
    narrowed: Any = client.get("/api/pricing/estimate?model=llama3.2:1b&connected_only=true")
    assert narrowed.status_code == 503, "an answer with every region is not what was asked for"
    assert "connected" in narrowed.json["detail"]
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200
