"""Replicas over HTTP: what the agent gets to build them from, and what an operator must have recorded before."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient

from contracts.claims import SERVICE_AUDIENCE
from contracts.http.selection import SelectResponseSchema
from services.chassis.mongo import Document, Store
from services.pricing.networks import read_networks
from services.pricing.store import connect_network
from tests.adapters.pricing.conftest import NETWORK, NOW, token

Post = Callable[[str, dict[str, Any]], Any]
BALANCER = {
    "certificate": "arn:aws:acm:us-east-1:111122223333:certificate/0a1b",
    "domain": "models.example.com",
    "dns_zone": "Z0123456789",
}
WHOLE = {**NETWORK, "private_subnets": {"us-east-1a": "subnet-p", "us-east-1b": "subnet-q"}}


def bearer() -> dict[str, str]:
    return {"Authorization": f"Bearer {token(SERVICE_AUDIENCE)}"}


def connect(store: Store, record: Document) -> None:
    [read] = read_networks(record)
    connect_network(store, read, NOW)


def wish(least: int = 1, most: int = 3, **workload: Any) -> dict[str, Any]:
    asked = {"model": "llama3.2:1b", "spot": "never", "replicas": {"min": least, "max": most}, **workload}
    return {
        "deployment_id": "dep_01jd0000000000000000000000",
        "workload": asked,
        "exposure": "load_balanced",
    }


def test_a_selection_carries_subnets_and_balancer_and_each_offer_once(
    store: Store, client: FlaskClient, as_agent: Post
) -> None:
    connect(store, {**WHOLE, "balancer": BALANCER})

    answer = as_agent("/internal/select", wish())

    assert answer.status_code == 200
    assert SelectResponseSchema().validate(answer.json) == {}
    candidates = answer.json["candidates"]
    offers = [(found["machine"]["type"], found["spot"]) for found in candidates]
    assert len(offers) == len(set(offers)) > 1
    assert candidates[0]["zone"] == "us-east-1a"
    assert candidates[0]["network"] == {
        "vpc_id": "vpc-1",
        "subnet_id": "subnet-p",
        "subnets": {"us-east-1a": "subnet-p", "us-east-1b": "subnet-q"},
        "public": False,
        "balancer": {**BALANCER, "subnets": ["subnet-a", "subnet-b"]},
        "instance_profile": "flowllama-instance",
        "egress_cidrs": ["203.0.113.7/32"],
    }
    most, least, one = (
        Decimal(candidates[0][name]) for name in ("hourly_usd", "hourly_usd_at_min", "instance_usd")
    )
    assert most > 3 * one
    assert least < most


def test_a_single_machine_has_no_balancer_and_one_subnet(connected: Store, as_agent: Post) -> None:
    body = {**wish(1, 1), "exposure": "allow_listed"}

    network = as_agent("/internal/select", body).json["candidates"][0]["network"]

    assert (network["balancer"], network["public"]) == (None, True)
    assert network["subnets"] == {"us-east-1a": "subnet-a"}


def test_in_a_lean_network_replicas_have_addresses_of_their_own(
    store: Store, client: FlaskClient, as_agent: Post
) -> None:
    connect(store, {**NETWORK, "private_subnets": {}, "balancer": BALANCER})

    network = as_agent("/internal/select", wish()).json["candidates"][0]["network"]

    assert network["public"] is True
    assert network["subnets"] == {"us-east-1a": "subnet-a", "us-east-1b": "subnet-b"}


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (NETWORK, "its network record names no balancer; add one with certificate, domain and dns_zone"),
        (
            {**NETWORK, "public_subnets": {"us-east-1a": "subnet-a"}, "balancer": BALANCER},
            "public subnets in two zones",
        ),
    ],
)
def test_a_region_that_no_balancer_can_stand_in_is_told_so(
    store: Store, client: FlaskClient, as_agent: Post, record: Document, words: str
) -> None:
    connect(store, record)

    selected = as_agent("/internal/select", wish())
    body = {**wish()["workload"], "exposure": "load_balanced"}
    estimated: Any = client.post("/api/pricing/estimate", json={**body, "connected_only": True}).json
    anywhere: Any = client.post("/api/pricing/estimate", json={**body, "region": "us-east-1"}).json

    assert selected.status_code == 422
    messages = {entry["field"]: entry["message"] for entry in selected.json["errors"]}
    assert words in messages["balancer"]
    assert estimated["candidates_total"] == 0
    assert "balancer" in {group["reason"] for group in estimated["rejected"]}
    assert {found["connected"] for found in anywhere["candidates"]} == {False}


def test_an_estimate_costs_what_the_selection_does(store: Store, client: FlaskClient, as_agent: Post) -> None:
    for private in ({}, WHOLE["private_subnets"]):
        connect(store, {**NETWORK, "private_subnets": private, "balancer": BALANCER})
        selected = as_agent("/internal/select", wish()).json["candidates"][0]
        body = {**wish()["workload"], "exposure": "load_balanced", "connected_only": True}
        found: Any = client.post("/api/pricing/estimate", json=body).json
        best = found["candidates"][0]

        assert best["machine"] == selected["machine"]["type"]
        assert best["connected"] is True
        assert Decimal(str(best["hourly_usd"])) == Decimal(selected["hourly_usd"])
        assert Decimal(str(best["hourly_usd_at_min"])) == Decimal(selected["hourly_usd_at_min"])
        assert Decimal(str(best["machine_hourly_usd"])) == Decimal(selected["instance_usd"])


def test_several_without_a_balancer_are_refused_by_name(client: FlaskClient, as_agent: Post) -> None:
    estimate: Any = client.get("/api/pricing/estimate?model=llama3.2:1b&replicas=1:4").json
    select = as_agent("/internal/select", {**wish(), "exposure": "private"})

    assert [entry["field"] for entry in estimate["errors"]] == ["replicas.max"]
    assert (select.status_code, [entry["field"] for entry in select.json["errors"]]) == (
        422,
        ["workload.replicas.max"],
    )


def test_the_decision_over_replicas_holds_when_it_is_recomputed(
    store: Store, client: FlaskClient, as_agent: Post
) -> None:
    connect(store, {**NETWORK, "private_subnets": {}, "balancer": BALANCER})
    chosen = as_agent("/internal/select", wish(2, 4)).json

    path, headers = f"/internal/decisions/{chosen['decision_id']}", bearer()
    kept: Any = client.get(path, headers=headers).json

    assert kept["verified"] is True, kept["differences"]
    assert kept["inputs"]["workload"]["replicas"] == {"min": 2, "max": 4}
    assert kept["surroundings"]["own_addresses"] == ["us-east-1"]
    first, offer = chosen["candidates"][0], kept["offers"][0]
    assert (offer["hourly_usd"], offer["instance_usd"]) == (first["hourly_usd"], first["instance_usd"])


def test_a_quota_that_refused_several_leaves_room_for_fewer(
    store: Store, client: FlaskClient, as_agent: Post
) -> None:
    connect(store, {**WHOLE, "balancer": BALANCER})
    four = wish(4, 4, gpu="L4:1", machine="g6.xlarge")
    report = {"cloud": "aws", "region": "us-east-1", "machine": "g6.xlarge", "spot": False, "machines": 4}
    as_agent("/internal/blocks", {**report, "reason": "VcpuLimitExceeded", "quota": True})

    refused = as_agent("/internal/select", four)
    fewer = as_agent("/internal/select", wish(3, 3, gpu="L4:1", machine="g6.xlarge"))

    assert {entry["field"] for entry in refused.json["errors"]} >= {"quota"}
    assert fewer.status_code == 200
