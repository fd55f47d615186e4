"""Who polls what."""

import pytest

from services.chassis.mongo import Store, declare
from services.health.shards import SAFETY_S, TTL_S, Shards
from services.health.store import COLLECTIONS

PLACEMENTS = [f"dep_{n}-1" for n in range(200)]


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


def poller(
    store: Store, owner: str, seconds: Seconds, *, count: int = 4, most: int = 4, ttl_s: float = TTL_S
) -> Shards:
    declare(store, COLLECTIONS)
    return Shards(store, owner, count=count, most=most, ttl_s=ttl_s, monotonic=seconds)


def held(shards: Shards) -> set[str]:
    return {placement for placement in PLACEMENTS if shards.holds(placement)}


def test_the_first_poller_takes_everything(store: Store, seconds: Seconds) -> None:
    first, second = poller(store, "first", seconds), poller(store, "second", seconds)

    first.refresh()
    second.refresh()

    assert held(first) == set(PLACEMENTS)
    assert held(second) == set()


def test_pollers_with_a_cap_share_without_overlap(store: Store, seconds: Seconds) -> None:
    first, second = (poller(store, owner, seconds, most=2) for owner in ("first", "second"))

    first.refresh()
    second.refresh()

    assert held(first) | held(second) == set(PLACEMENTS)
    assert held(first) & held(second) == set()
    assert len(held(first)) > 50


def test_what_is_released_is_taken_over_at_once(store: Store, seconds: Seconds) -> None:
    first, second = poller(store, "first", seconds), poller(store, "second", seconds)
    first.refresh()

    first.release()
    second.refresh()

    assert held(first) == set()
    assert held(second) == set(PLACEMENTS)


def test_a_dead_pollers_shards_lapse(store: Store, seconds: Seconds) -> None:
    dead, heir = poller(store, "dead", seconds, ttl_s=0), poller(store, "heir", seconds)
    dead.refresh()

    heir.refresh()

    assert held(heir) == set(PLACEMENTS)


def test_a_holder_stops_before_its_lease_lapses(store: Store, seconds: Seconds) -> None:
    first = poller(store, "first", seconds)
    first.refresh()

    seconds.now = TTL_S - SAFETY_S - 0.1
    assert held(first) == set(PLACEMENTS)
    seconds.now = TTL_S - SAFETY_S
    assert held(first) == set()


def test_a_holder_that_lost_its_lease_learns_it_at_the_next_renewal(store: Store, seconds: Seconds) -> None:
    late, heir = poller(store, "late", seconds, ttl_s=0), poller(store, "heir", seconds)
    late.refresh()
    heir.refresh()

    late._ttl_s = TTL_S
    late.refresh()

    assert held(late) == set()
