"""Migrations run once each, in order, however many processes start together."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from pymongo import IndexModel

from services.chassis import mongo
from services.chassis.mongo import Collection, Migration, Store


def _step(version: int, ran: list[int], fail: Callable[[], None] | None = None) -> Migration:
    def apply(_: Store) -> None:
        if fail is not None:
            fail()
        ran.append(version)

    return Migration(version, "a step", apply)


def test_steps_run_in_order_and_once(store: Store) -> None:
    ran: list[int] = []

    assert mongo.migrate(store, "things", [_step(2, ran), _step(1, ran)]) == 2
    assert mongo.migrate(store, "things", [_step(1, ran), _step(2, ran)]) == 2
    assert mongo.migrate(store, "things", [_step(1, ran), _step(2, ran), _step(3, ran)]) == 3

    assert ran == [1, 2, 3]


def test_services_count_for_themselves(store: Store) -> None:
    ran: list[int] = []
    mongo.migrate(store, "things", [_step(1, ran)])

    assert mongo.migrate(store, "others", [_step(1, ran)]) == 1
    assert ran == [1, 1]


def test_a_step_that_fails_is_run_again(store: Store) -> None:
    ran: list[int] = []

    def fail() -> None:
        raise RuntimeError("no index today")

    with pytest.raises(RuntimeError):
        mongo.migrate(store, "things", [_step(1, ran), _step(2, ran, fail)])

    assert mongo.migrate(store, "things", [_step(1, ran), _step(2, ran)]) == 2
    assert ran == [1, 2]


def test_processes_that_start_together_reach_one_version(store: Store) -> None:
    declared = Collection("made", "tests", "Made.", {"bsonType": "object"}, (IndexModel("name"),))
    steps = [Migration(1, "collection", lambda store: mongo.declare(store, [declared]))]

    with ThreadPoolExecutor(4) as processes:
        reached = list(processes.map(lambda _: mongo.migrate(store, "things", steps), range(4)))

    assert reached == [1, 1, 1, 1]
    assert store["schema_versions"].find_one({"_id": "things"}) == {"_id": "things", "version": 1}
    assert "name_1" in store["made"].index_information()
