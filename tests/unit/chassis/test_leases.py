"""Leases: one holder at a time by the server's clock, under an epoch that only rises."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.collection import Collection

from services.chassis import leases
from services.chassis.mongo import Document, Store


@pytest.fixture
def runs(store: Store) -> Collection[Document]:
    return store["runs"]


def _acquire(runs: Collection[Document], owner: str, **options: Any) -> int | None:
    """The epoch, or None where the lease is held."""
    found = leases.acquire(runs, "run", field="lease", owner=owner, **{"ttl_s": 45, **options})
    return None if found is None else int(found["lease"]["epoch"])


def _lapse(runs: Collection[Document], ago_s: float = 1) -> None:
    runs.update_one(
        {"_id": "run"}, [{"$set": {"lease.expires_at": {"$subtract": ["$$NOW", int(ago_s * 1000)]}}}]
    )


def _renew(runs: Collection[Document], owner: str, epoch: int) -> bool:
    return leases.renew(runs, "run", field="lease", owner=owner, epoch=epoch, ttl_s=45)


def test_a_missing_document_is_created_with_its_lease(runs: Collection[Document]) -> None:
    assert _acquire(runs, "a") == 1
    assert set(runs.find_one({"_id": "run"}) or {}) == {"_id", "lease"}


def test_a_document_without_a_lease_keeps_what_it_has(runs: Collection[Document]) -> None:
    runs.insert_one({"_id": "run", "status": "new"})

    assert _acquire(runs, "a") == 1
    assert (runs.find_one({"_id": "run"}) or {})["status"] == "new"


def test_nothing_is_created_where_that_is_forbidden(runs: Collection[Document]) -> None:
    assert _acquire(runs, "a", create=False) is None
    assert runs.count_documents({}) == 0


@pytest.mark.parametrize("create", [True, False])
def test_a_held_lease_is_refused_to_everybody_even_to_its_own_owner(
    runs: Collection[Document], *, create: bool
) -> None:
    _acquire(runs, "a")

    assert _acquire(runs, "b", create=create) is None
    assert _acquire(runs, "a", create=create) is None


def test_a_lapsed_lease_passes_on_under_the_next_epoch(runs: Collection[Document]) -> None:
    _acquire(runs, "a")
    _lapse(runs)

    assert _acquire(runs, "b") == 2
    assert not _renew(runs, "a", 1)


def test_a_released_lease_is_free_at_once_and_keeps_its_epoch(runs: Collection[Document]) -> None:
    _acquire(runs, "a")
    leases.release(runs, "run", field="lease", owner="a", epoch=1)

    assert _acquire(runs, "b", grace_s=10) == 2


def test_grace_keeps_a_successor_out_for_longer_than_the_lease(runs: Collection[Document]) -> None:
    _acquire(runs, "a")
    _lapse(runs, ago_s=5)

    assert _acquire(runs, "b", grace_s=10) is None
    _lapse(runs, ago_s=11)
    assert _acquire(runs, "b", grace_s=10) == 2


def test_renewing_prolongs_and_a_lapsed_lease_is_not_renewed(runs: Collection[Document]) -> None:
    """Between the lapse and the renewal somebody may have come and gone."""
    _acquire(runs, "a", ttl_s=1)
    assert _renew(runs, "a", 1)
    expires = (runs.find_one({"_id": "run"}) or {})["lease"]["expires_at"]
    assert expires - datetime.now(UTC) > timedelta(seconds=30)

    _lapse(runs)

    assert not _renew(runs, "a", 1)


@pytest.mark.parametrize(("owner", "epoch"), [("b", 1), ("a", 2), ("a", 0)])
def test_only_the_holder_renews_and_releases(runs: Collection[Document], owner: str, epoch: int) -> None:
    _acquire(runs, "a")

    assert not _renew(runs, owner, epoch)
    leases.release(runs, "run", field="lease", owner=owner, epoch=epoch)
    assert _acquire(runs, "c") is None


def test_expiry_is_by_the_clock_of_the_server(
    runs: Collection[Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process whose clock is an hour ahead takes nothing from anybody."""
    _acquire(runs, "a")
    monkeypatch.setattr("services.chassis.clock.utc_now", lambda: datetime.now(UTC) + timedelta(hours=1))

    assert _acquire(runs, "b") is None


@pytest.mark.parametrize("prior", ["none", "lapsed"])
def test_of_many_racers_one_wins(runs: Collection[Document], prior: str) -> None:
    if prior == "lapsed":
        _acquire(runs, "old")
        _lapse(runs)

    with ThreadPoolExecutor(8) as racers:
        epochs = list(racers.map(lambda number: _acquire(runs, f"racer-{number}"), range(8)))

    assert [epoch for epoch in epochs if epoch is not None] == [1 if prior == "none" else 2]


def test_an_owner_with_a_dollar_is_a_name_and_no_field(runs: Collection[Document]) -> None:
    _acquire(runs, "$$NOW")

    assert (runs.find_one({"_id": "run"}) or {})["lease"]["owner"] == "$$NOW"
