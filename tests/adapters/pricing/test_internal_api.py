"""What the agent asks: offers to try, and that one had no capacity."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from flask.testing import FlaskClient

from contracts.http.selection import SelectResponseSchema
from services.chassis.mongo import Store

Post = Callable[[str, dict[str, Any]], Any]
DEPLOYMENT = "dep_01jd0000000000000000000000"


def wish(**workload: Any) -> dict[str, Any]:
    return {"deployment_id": DEPLOYMENT, "workload": {"model": "llama3.2:1b", **workload}}


def test_only_our_own_services_may_ask(client: FlaskClient) -> None:
    assert client.post("/internal/select", json=wish()).status_code == 401
    assert client.post("/internal/blocks", json={}).status_code == 401


def test_a_selection_carries_what_a_stack_spec_needs(connected: Store, as_agent: Post) -> None:
    answer = as_agent("/internal/select", wish(spot="only", context_size=4096))

    assert answer.status_code == 200
    assert SelectResponseSchema().validate(answer.json) == {}
    first, second = answer.json["candidates"][:2]
    assert (first["cloud"], first["account"], first["region"]) == ("aws", "111122223333", "us-east-1")
    assert (first["zone"], second["zone"]) == ("us-east-1a", "us-east-1b")
    assert first["machine"] == second["machine"]
    assert first["machine"]["disk_gib"] == answer.json["requirements"]["disk_gib"]
    assert first["network"] == {
        "vpc_id": "vpc-1",
        "subnet_id": "subnet-a",
        "subnets": {"us-east-1a": "subnet-a"},
        "public": True,
        "balancer": None,
        "instance_profile": "flowllama-instance",
        "egress_cidrs": ["203.0.113.7/32"],
    }
    assert 0 < Decimal(first["instance_usd"]) < Decimal(first["hourly_usd"])
    assert answer.json["model"] == {
        "tag": "llama3.2:1b",
        "context_size": 4096,
        "parallel": 1,
        "kv_type": "f16",
    }


def test_preferred_spot_keeps_on_demand_to_fail_over_to(connected: Store, as_agent: Post) -> None:
    candidates = as_agent("/internal/select", wish(spot="prefer")).json["candidates"]

    markets = [candidate["spot"] for candidate in candidates]
    assert markets == sorted(markets, reverse=True)
    assert {True, False} == set(markets)


def test_a_private_instance_goes_to_a_private_subnet(connected: Store, as_agent: Post) -> None:
    candidates = as_agent("/internal/select", {**wish(), "exposure": "private"}).json["candidates"]

    assert {candidate["network"]["subnet_id"] for candidate in candidates} == {"subnet-p"}


def test_the_decision_is_kept_with_all_it_was_made_from(connected: Store, as_agent: Post) -> None:
    answer = as_agent("/internal/select", wish()).json

    kept = connected["decisions"].find_one({"_id": answer["decision_id"]})
    assert kept is not None
    assert kept["deployment_id"] == DEPLOYMENT
    assert kept["inputs"]["workload"]["model"] == "llama3.2:1b"
    assert [offer["machine"] for offer in kept["candidates"][:2]] == [
        offer["machine"]["type"] for offer in answer["candidates"][:3:2]
    ]
    assert kept["rejected"] == answer["rejected"]
    assert kept["catalogue"]["digest"].startswith("sha256:")


def test_without_a_connected_region_the_reasons_are_told(client: FlaskClient, as_agent: Post) -> None:
    answer = as_agent("/internal/select", wish())

    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    assert answer.json["type"].endswith("/no-offer")
    assert [entry["field"] for entry in answer.json["errors"]] == ["not_connected"]


def test_a_machine_that_no_connected_region_sells_is_told_so(connected: Store, as_agent: Post) -> None:
    answer = as_agent("/internal/select", wish(machine="g2-standard-4"))

    assert answer.status_code == 422
    assert {entry["field"] for entry in answer.json["errors"]} == {"not_connected", "machine"}


def test_placements_narrow_the_choice(connected: Store, as_agent: Post) -> None:
    assert as_agent("/internal/select", {**wish(), "placements": ["aws:us-east-1"]}).status_code == 200
    elsewhere = as_agent("/internal/select", {**wish(), "placements": ["aws:eu-west-1"]})

    assert elsewhere.status_code == 422
    assert {entry["field"] for entry in elsewhere.json["errors"]} == {
        "placement_not_allowed",
        "not_connected",
    }


def test_a_blocked_offer_is_left_out_for_everybody(connected: Store, as_agent: Post) -> None:
    first = as_agent("/internal/select", wish(spot="only")).json["candidates"][0]
    report = {
        "cloud": "aws",
        "region": first["region"],
        "machine": first["machine"]["type"],
        "spot": True,
        "reason": "InsufficientInstanceCapacity",
    }

    one_zone = as_agent("/internal/blocks", {**report, "zone": first["zone"]})
    then = as_agent("/internal/select", wish(spot="only")).json["candidates"][0]
    as_agent("/internal/blocks", report)
    last = as_agent("/internal/select", wish(spot="only")).json

    assert one_zone.status_code == 201
    assert one_zone.json["until"] == "2099-11-24T12:30:00+00:00"
    assert (then["machine"], then["zone"]) == (first["machine"], "us-east-1b")
    assert last["candidates"][0]["machine"] != first["machine"]
    assert {group["reason"]: group["count"] for group in last["rejected"]}["blocked"] == 1


def test_a_block_ends(connected: Store, as_agent: Post) -> None:
    first = as_agent("/internal/select", wish(spot="only")).json["candidates"][0]
    connected["blocks"].insert_one(
        {
            "_id": "an old one",
            "cloud": "aws",
            "region": "us-east-1",
            "zone": None,
            "machine": first["machine"]["type"],
            "spot": True,
            "reason": "InsufficientInstanceCapacity",
            "until": datetime(2099, 11, 24, 11, 59, tzinfo=UTC),
        }
    )

    assert as_agent("/internal/select", wish(spot="only")).json["candidates"][0] == first


def test_a_refusing_quota_keeps_out_all_that_would_take_as_much(connected: Store, as_agent: Post) -> None:
    wanted = wish(spot="only", gpu={"kind": "L4", "count": 1})
    first = as_agent("/internal/select", wanted).json["candidates"][0]
    report = {"cloud": "aws", "region": first["region"], "machine": first["machine"]["type"], "spot": True}
    blocked = as_agent(
        "/internal/blocks", {**report, "reason": "MaxSpotInstanceCountExceeded", "quota": True}
    )

    then = as_agent("/internal/select", wanted)

    assert blocked.status_code == 201
    assert {entry["field"] for entry in then.json["errors"]} >= {"quota"}
    [kept] = connected["decisions"].find({"surroundings.quotas": {"$ne": []}})
    assert kept["surroundings"]["quotas"][0]["family"] == "G"
