"""What we rely on in the store. It runs against the embedded one always, and against a real MongoDB where
`MONGODB_URI_CONFORMANCE` names one; a difference between the two is found here and not in production.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pymongo import IndexModel, MongoClient, ReturnDocument, WriteConcern
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError, PyMongoError, WriteError

from services.chassis import mongo
from services.chassis.mongo import CODEC, Document, Store
from tests.conftest import _await_store, free_port

REAL = "MONGODB_URI_CONFORMANCE"
EXPIRY_MS = {"$ifNull": [{"$toLong": "$expires_at"}, 0]}
NOW_MS = {"$toLong": "$$NOW"}


STORES = ("embedded", "mongodb") if REAL in os.environ else ("embedded",)


@pytest.fixture(params=STORES)
def database(request: pytest.FixtureRequest) -> Iterator[Store]:
    uri = os.environ[REAL] if request.param == "mongodb" else request.getfixturevalue("store_uri")
    client: MongoClient[Document] = MongoClient(uri, w="majority", journal=True, tz_aware=True)
    database = client.get_database(f"conformance_{uuid4().hex[:12]}", codec_options=CODEC)
    yield database
    client.drop_database(database.name)
    client.close()


@pytest.fixture
def things(database: Store) -> Collection[Document]:
    return database["things"]


@pytest.mark.skipif(
    REAL not in os.environ, reason=f"{REAL} names no MongoDB: only the embedded store is tested"
)
def test_a_real_mongodb_is_among_the_tested_stores() -> None:
    with MongoClient[Document](os.environ[REAL], serverSelectionTimeoutMS=5_000) as client:
        assert client.server_info()["version"]


def _together(count: int, act: Callable[[int], Any]) -> list[Any]:
    """Do it from many threads at once; what was raised is returned."""
    barrier = threading.Barrier(count)

    def one(number: int) -> Any:
        barrier.wait()
        try:
            return act(number)
        except PyMongoError as error:
            return error

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(one, range(count)))


def test_a_guarded_update_matches_its_version_or_nothing(things: Collection[Document]) -> None:
    things.insert_one({"_id": 1, "version": 1})
    change = {"$set": {"a": 1}, "$inc": {"version": 1}}

    after = things.find_one_and_update({"_id": 1, "version": 1}, change, return_document=ReturnDocument.AFTER)
    late = things.find_one_and_update({"_id": 1, "version": 1}, change, return_document=ReturnDocument.AFTER)

    assert after == {"_id": 1, "version": 2, "a": 1}
    assert late is None


def test_of_many_guarded_updates_at_once_one_wins(things: Collection[Document]) -> None:
    things.insert_one({"_id": 1, "version": 1})

    results = _together(
        8,
        lambda n: things.find_one_and_update(
            {"_id": 1, "version": 1},
            {"$set": {"by": n}, "$inc": {"version": 1}},
            return_document=ReturnDocument.AFTER,
        ),
    )

    (winner,) = [each for each in results if each is not None]
    assert things.find_one({"_id": 1}) == winner


def test_counting_at_once_loses_nothing(things: Collection[Document]) -> None:
    things.insert_one({"_id": 1, "n": 0})

    _together(8, lambda _: [things.update_one({"_id": 1}, {"$inc": {"n": 1}}) for _ in range(10)])

    assert (things.find_one() or {})["n"] == 80


def test_push_appends_in_order_and_slice_keeps_the_last(things: Collection[Document]) -> None:
    things.insert_one({"_id": 1})
    for batch in ([1, 2], [3], [4, 5]):
        things.update_one({"_id": 1}, {"$push": {"kept": {"$each": batch, "$slice": -3}}})

    assert (things.find_one() or {})["kept"] == [3, 4, 5]


def test_pull_by_a_field_of_the_items_leaves_the_rest_in_order(things: Collection[Document]) -> None:
    things.insert_one({"_id": 1, "events": [{"id": "a"}, {"id": "b"}, {"id": "c"}]})

    things.update_one({"_id": 1}, {"$pull": {"events": {"id": {"$in": ["a", "b"]}}}})

    assert (things.find_one() or {})["events"] == [{"id": "c"}]
    assert things.count_documents({"events": {"$size": 1}}) == 1
    assert things.count_documents({"events": {"$size": 0}}) == 0


def test_add_to_set_adds_once(things: Collection[Document]) -> None:
    things.insert_one({"_id": 1})
    for _ in range(2):
        things.update_one({"_id": 1}, {"$addToSet": {"arrived": "q"}})

    assert things.find_one() == {"_id": 1, "arrived": ["q"]}


def test_max_never_lowers(things: Collection[Document]) -> None:
    late, early = datetime(2026, 11, 25, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC)
    things.insert_one({"_id": 1, "until": late})

    things.update_one({"_id": 1}, {"$max": {"until": early}})

    assert (things.find_one() or {})["until"] == late


def test_a_sparse_unique_index_refuses_doubles_and_lets_the_absent_be(things: Collection[Document]) -> None:
    things.create_indexes([IndexModel("reference", unique=True, sparse=True)])
    things.insert_many([{"_id": 1}, {"_id": 2}, {"_id": 3, "reference": "a"}])

    with pytest.raises(DuplicateKeyError):
        things.insert_one({"_id": 4, "reference": "a"})
    things.update_one({"_id": 3}, {"$unset": {"reference": ""}})
    things.insert_one({"_id": 5, "reference": "a"})


def test_of_many_inserts_of_one_key_one_wins(things: Collection[Document]) -> None:
    results = _together(8, lambda n: things.insert_one({"_id": "same", "by": n}))

    assert sum(isinstance(each, DuplicateKeyError) for each in results) == 7
    assert things.count_documents({}) == 1


def test_of_many_upserts_of_one_key_all_agree_on_one_document(things: Collection[Document]) -> None:
    """A racing upsert may be told of the duplicate; it never makes a second document."""
    fresh = {"$setOnInsert": {"slots": []}, "$inc": {"n": 1}}

    results = _together(8, lambda _: things.update_one({"_id": "same"}, fresh, upsert=True))

    refused = [each for each in results if isinstance(each, PyMongoError)]
    assert all(isinstance(each, DuplicateKeyError) for each in refused)
    assert things.count_documents({}) == 1
    assert (things.find_one() or {})["n"] == 8 - len(refused)


def test_an_upsert_whose_guard_fails_is_a_duplicate(things: Collection[Document]) -> None:
    things.insert_one({"_id": "service", "version": 3})

    with pytest.raises(DuplicateKeyError):
        things.update_one({"_id": "service", "version": {"$lt": 3}}, {"$set": {"version": 3}}, upsert=True)


def test_a_validator_refuses_on_insert_and_on_update_and_can_be_changed(database: Store) -> None:
    def declared(maximum: int) -> mongo.Collection:
        number = {"bsonType": ["int", "long"], "minimum": 1, "maximum": maximum}
        schema = {"bsonType": "object", "required": ["n"], "properties": {"n": number}}
        return mongo.Collection("checked", "tests", "A validator.", schema)

    mongo.declare(database, [declared(5)])
    checked = database["checked"]
    checked.insert_one({"_id": 1, "n": 5})
    for refused in ({"n": 6}, {"n": "5"}, {}):
        with pytest.raises(WriteError):
            checked.insert_one(dict(refused))
    with pytest.raises(WriteError):
        checked.update_one({"_id": 1}, {"$inc": {"n": 1}})

    mongo.declare(database, [declared(6)])
    checked.update_one({"_id": 1}, {"$inc": {"n": 1}})

    assert checked.find_one() == {"_id": 1, "n": 6}


@pytest.mark.parametrize("schema", [{"enum": ["a", None]}, {"bsonType": ["string", "null"]}])
def test_a_validator_lets_null_pass_where_it_says_so(database: Store, schema: Document) -> None:
    whole = {"bsonType": "object", "properties": {"n": schema}}
    mongo.declare(database, [mongo.Collection("checked", "tests", "Null.", whole)])

    database["checked"].insert_many([{"n": None}, {"n": "a"}, {}])

    with pytest.raises(WriteError):
        database["checked"].insert_one({"n": 1})


def test_declaring_twice_changes_nothing_and_a_ttl_index_is_accepted(database: Store) -> None:
    declared = mongo.Collection(
        "kept", "tests", "Expires.", {"bsonType": "object"}, (IndexModel("at", expireAfterSeconds=86_400),)
    )

    for _ in range(2):
        mongo.declare(database, [declared])

    index = database["kept"].index_information()["at_1"]
    assert index["expireAfterSeconds"] == 86_400


def test_money_comes_back_as_the_decimal_it_was(things: Collection[Document]) -> None:
    amounts = [Decimal("0.0136"), Decimal("262.80"), Decimal("-1E-6"), Decimal(0)]
    things.insert_one({"_id": 1, "amounts": amounts, "nested": {"usd": Decimal("1.10")}})

    found = things.find_one() or {}

    assert [str(amount) for amount in found["amounts"]] == [str(amount) for amount in amounts]
    assert str(found["nested"]["usd"]) == "1.10"
    assert things.count_documents({"nested.usd": {"$gt": Decimal("1.09")}}) == 1


def test_dates_come_back_aware_and_to_the_millisecond(things: Collection[Document]) -> None:
    at = datetime(2026, 11, 24, 12, 3, 41, 250_000, tzinfo=UTC)
    things.insert_one({"_id": 1, "at": at})

    assert (things.find_one() or {})["at"] == at
    assert things.count_documents({"at": {"$lte": at}}) == 1
    assert things.count_documents({"at": {"$lt": at}}) == 0


def test_the_clock_of_the_server_decides_in_a_filter(things: Collection[Document]) -> None:
    """As numbers: a stored date and `$$NOW` themselves do not compare on the embedded store."""
    now = datetime.now(UTC)
    things.insert_many(
        [
            {"_id": "past", "expires_at": now - timedelta(minutes=1)},
            {"_id": "future", "expires_at": now + timedelta(minutes=1)},
            {"_id": "never"},
        ]
    )

    lapsed = things.find({"$expr": {"$lte": [EXPIRY_MS, NOW_MS]}}, {"_id": 1})

    assert {each["_id"] for each in lapsed} == {"past", "never"}


def test_a_pipeline_update_writes_the_time_of_the_server(things: Collection[Document]) -> None:
    things.insert_one({"_id": 1, "lease": {"epoch": 4}})
    lease = {
        "owner": {"$literal": "$a"},
        "epoch": {"$add": [{"$ifNull": ["$lease.epoch", 0]}, 1]},
        "expires_at": {"$add": ["$$NOW", 45_000]},
    }

    after = things.find_one_and_update(
        {"_id": 1, "$expr": {"$lte": [EXPIRY_MS, NOW_MS]}},
        [{"$set": {"lease": lease}}],
        return_document=ReturnDocument.AFTER,
    )

    assert after is not None
    assert (after["lease"]["owner"], after["lease"]["epoch"]) == ("$a", 5)
    remaining = after["lease"]["expires_at"] - datetime.now(UTC)
    assert timedelta(seconds=30) < remaining <= timedelta(seconds=46)


def test_of_many_who_take_a_lapsed_lease_one_gets_it(things: Collection[Document]) -> None:
    things.insert_one({"_id": 1})
    taken = [{"$set": {"expires_at": {"$add": ["$$NOW", 45_000]}}}]

    results = _together(
        8,
        lambda _: things.find_one_and_update(
            {"_id": 1, "$expr": {"$lte": [EXPIRY_MS, NOW_MS]}}, taken, return_document=ReturnDocument.AFTER
        ),
    )

    assert sum(each is not None for each in results) == 1


def test_absent_and_null_are_told_apart_by_exists_and_matched_alike_by_null(
    things: Collection[Document],
) -> None:
    things.insert_many([{"_id": "absent"}, {"_id": "null", "at": None}, {"_id": "set", "at": 1}])

    assert {each["_id"] for each in things.find({"at": {"$exists": False}})} == {"absent"}
    assert {each["_id"] for each in things.find({"at": None})} == {"absent", "null"}
    assert {each["_id"] for each in things.find({"at": {"$lte": 5}})} == {"set"}


def test_paging_by_id_under_a_compound_index(things: Collection[Document]) -> None:
    things.create_indexes([IndexModel([("user_id", 1), ("_id", -1)])])
    things.insert_many([{"_id": f"dep_{n:02d}", "user_id": "ab"[n % 2]} for n in range(20)])

    page = things.find({"user_id": "a", "_id": {"$lt": "dep_10"}}).sort("_id", -1).limit(3)

    assert [each["_id"] for each in page] == ["dep_08", "dep_06", "dep_04"]


def test_an_array_field_is_found_by_one_of_its_items(things: Collection[Document]) -> None:
    things.insert_many(
        [
            {"_id": 1, "queues": ["a", "b"], "labels": [{"name": "x", "value": "1"}]},
            {"_id": 2, "queues": ["b"], "labels": [{"name": "x", "value": "2"}]},
        ]
    )

    assert [each["_id"] for each in things.find({"queues": "a"})] == [1]
    assert [each["_id"] for each in things.find({"queues": {"$ne": "a"}})] == [2]
    assert things.count_documents({"labels": {"$elemMatch": {"name": "x", "value": "2"}}}) == 1


def test_acknowledged_writes_survive_a_kill(tmp_path: Path) -> None:
    """The embedded store only: a process of its own is killed in the middle of a stream of writes."""
    port = free_port()
    acknowledged: list[int] = []
    process = _serve(tmp_path, port)
    uri = f"mongodb://127.0.0.1:{port}"
    try:
        client: MongoClient[Document] = MongoClient(uri, retryWrites=False, serverSelectionTimeoutMS=2_000)
        concern = WriteConcern(w="majority", j=True)
        writes = client["crash"].get_collection("writes", write_concern=concern)
        killer = threading.Timer(0.7, process.send_signal, [signal.SIGKILL])
        killer.start()
        with suppress(PyMongoError):
            for number in range(1_000_000):
                writes.insert_one({"_id": number})
                acknowledged.append(number)
        client.close()
        process.wait(timeout=10)

        process = _serve(tmp_path, port)
        found = {each["_id"] for each in MongoClient(uri)["crash"]["writes"].find({}, {"_id": 1})}
    finally:
        process.kill()
        process.wait(timeout=10)

    assert len(acknowledged) > 10
    assert set(acknowledged) <= found
    assert len(found) <= len(acknowledged) + 1


def _serve(home: Path, port: int) -> "subprocess.Popen[bytes]":
    server = Path(sys.executable).with_name("secantusd-py")
    with (home / "log").open("ab") as log:
        process = subprocess.Popen(
            [str(server), "--host", "127.0.0.1", "--port", str(port), "--storage-path", str(home / "data")],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    _await_store(f"mongodb://127.0.0.1:{port}", process)
    return process
