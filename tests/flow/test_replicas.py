"""Replicas through deployments, pricing and the agent: their money is set aside at their most, and they are built."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from services.chassis.mongo import Store
from tests.flow.system import REGION, System
from tests.unit.agent.fakes import stands_balanced

CREDENTIALS = {"email": "ada@example.org", "password": "a long enough passphrase"}
ZONES = {f"{REGION}{zone}": f"subnet-0123456789abcdef{number}" for number, zone in enumerate("ab")}
BALANCER = {"certificate": f"arn:aws:acm:{REGION}:123456789012:certificate/0a1b", "domain": "m.example.com"}
WISH = {
    "model": "llama3.2:1b",
    "spot": "never",
    "replicas": {"min": 1, "max": 3},
    "exposure": {"kind": "load_balanced", "allow_cidrs": ["203.0.113.0/24"]},
}


@pytest.fixture
def system(store: Store, tmp_path: Path) -> System:
    return System(store, tmp_path)


def test_replicas_are_reserved_at_their_most_built_and_deleted(system: System) -> None:
    system.auth.post("/api/auth/register", json=CREDENTIALS)
    tokens = system.auth.post("/api/auth/login", json=CREDENTIALS).json or {}
    signed_in = {"Authorization": f"Bearer {tokens['access_token']}"}
    deployments = system.deployments

    def ask(method: str, path: str, body: Any = None) -> Any:
        return deployments.open(path, method=method, json=body, headers=signed_in)

    # Without a balancer's record nothing can be asked for; the answer says what is missing.
    system.connect_region()
    estimate = {**WISH, "exposure": "load_balanced", "connected_only": True}
    nothing: Any = system.pricing.post("/api/pricing/estimate", json=estimate).json
    assert "balancer" in {group["reason"] for group in nothing["rejected"]}

    system.connect_region(public_subnets=ZONES, balancer=BALANCER)
    offer = system.pricing.post("/api/pricing/estimate", json=estimate).json["candidates"][0]
    most, least = (Decimal(str(offer[name])) for name in ("hourly_usd", "hourly_usd_at_min"))
    assert least < most

    # The money of all three is set aside, and the user's own cap may be no lower.
    system.terraform.script = [stands_balanced]
    created = ask("POST", "/api/deployments", {**WISH, "max_hourly_usd": str(most)})
    assert created.status_code == 202
    path = f"/api/deployments/{created.json['id']}"
    record = system.store["deployments"].find_one({"_id": created.json["id"]}) or {}
    assert record["projected_hourly_usd"] == most
    system.settle()

    built = ask("GET", path).json
    assert (built["status"], built["replicas"]) == ("starting", {"min": 1, "max": 3})
    assert Decimal(built["placement"]["hourly_usd"]) == most
    assert Decimal(built["placement"]["hourly_usd_at_min"]) == least
    [spec] = system.terraform.applies
    assert spec["replicas"] == {"min": 1, "max": 3, "subnets": ZONES, "public": True}
    assert spec["balancer"] == {**BALANCER, "dns_zone": None, "subnets": list(ZONES.values())}
    assert spec["exposure"]["allow_cidrs"] == ["203.0.113.0/24"]
    [interval] = system.store["cost_intervals"].find()
    assert interval["hourly_usd"] == most
    assert ask("GET", f"{path}/decision").json["verified"] is True

    ask("DELETE", path)
    system.settle()
    assert ask("GET", path).json["status"] == "deleted"
    assert system.cloud.resources == {}
