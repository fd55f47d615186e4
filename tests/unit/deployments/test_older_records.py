"""Records and commands from before there were budgets: no projected price, no ceiling, no ranking, no replicas."""

import hashlib
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from contracts import messages as m
from contracts.http.deployments import CreateDeploymentSchema
from contracts.vocabulary import Tier
from services.chassis import mongo
from services.chassis.mongo import Store
from services.deployments.spending import OverBudgetError
from services.deployments.store import COLLECTIONS, MIGRATIONS
from tests.unit.deployments.world import World

NEWER = ("rank_by", "egress_gib_month", "architecture", "replicas")


@pytest.fixture
def older(world: World) -> str:
    """A deployment that was recorded before, and waits for its turn."""
    deployment_id: str = world.create().deployment["_id"]
    gone = dict.fromkeys(["projected_hourly_usd", *(f"workload.{name}" for name in NEWER)], "")
    world.store["deployments"].update_one({"_id": deployment_id}, {"$unset": gone})
    world.store["budgets"].drop()
    return deployment_id


def test_the_migrations_take_a_store_of_before_with_its_records(store: Store) -> None:
    before = [each for each in COLLECTIONS if each.name != "budgets"]
    mongo.declare(store, before)
    store["schema_versions"].insert_one({"_id": "deployments", "version": 1})
    interval: dict[str, Any] = {"_id": "dep_1-1", "deployment_id": "dep_1", "user_id": "usr_a"}
    interval |= {"hourly_usd": Decimal("0.1"), "started_at": World(store).now, "ended_at": None}
    store["cost_intervals"].insert_one(interval)

    version = mongo.migrate(store, "deployments", MIGRATIONS)

    assert version == MIGRATIONS[-1].version
    assert "budgets" in store.list_collection_names()
    assert "ended_at_1" in store["cost_intervals"].index_information()
    assert World(store).standing().committed == 0


def test_a_deployment_of_before_goes_its_way(world: World, older: str) -> None:
    world.handle(m.CREATE_REQUESTED, older, user_id="usr_a")
    (command,) = world.commands(older)
    assert command.data["budget_hourly_usd"] is None

    world.provision(older)
    world.healthy(older)
    assert world.get(older)["status"] == "running"
    assert world.standing().committed > 0

    world.delete(older)
    assert world.standing().machines == 1


def test_it_gets_its_share_of_a_budget_without_a_projected_price(world: World, older: str) -> None:
    world.set_budget("78.00")

    world.handle(m.CREATE_REQUESTED, older, user_id="usr_a")

    assert world.commands(older)[0].data["budget_hourly_usd"] == Decimal("0.500000")


def test_a_command_of_before_is_announced_again_without_a_ceiling(world: World, older: str) -> None:
    world.handle(m.CREATE_REQUESTED, older, user_id="usr_a")
    world.store["deployments"].update_one({"_id": older}, {"$unset": {"command.budget_hourly_usd": ""}})
    world.set_budget("10")

    world.later(minutes=3)
    world.sweep.sweep()

    first, again = world.commands(older)
    assert (again.nudge, again.data["budget_hourly_usd"]) == (1, None)
    assert first.command_id == again.command_id


def test_machines_of_before_count_in_a_create(world: World, older: str) -> None:
    world.handle(m.CREATE_REQUESTED, older, user_id="usr_a")
    world.provision(older)
    world.healthy(older)
    world.set_budget("60")

    with pytest.raises(OverBudgetError):
        world.create()


def test_an_interval_of_an_earlier_month_that_still_runs_counts_from_the_first(world: World) -> None:
    interval = {"_id": "dep_1-1", "deployment_id": "dep_1", "user_id": "usr_a", "ended_at": None}
    started = world.now - timedelta(days=90)
    world.store["cost_intervals"].insert_one(
        {**interval, "hourly_usd": Decimal("0.01"), "started_at": started}
    )

    assert world.standing().spent == Decimal("0.01") * (23 * 24 + 12)


def test_the_tier_of_a_user_without_a_budget_is_that_of_the_last_request(world: World, older: str) -> None:
    assert world.spending.ledger.tier_of("usr_a") is Tier.FREE
    world.create(tier=Tier.PAID)

    assert world.spending.ledger.tier_of("usr_a") is Tier.PAID


def test_a_key_of_before_still_brings_its_first_answer(world: World) -> None:
    first = world.create(key="k1").deployment["_id"]
    body = CreateDeploymentSchema().load({"model": "llama3.2:1b"})
    del body["replicas"]
    kept = hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).hexdigest()
    change = {"$set": {"idempotency.request_sha256": kept}}
    world.store["deployments"].update_one({"_id": first}, change)

    assert world.create(key="k1").deployment["_id"] == first
