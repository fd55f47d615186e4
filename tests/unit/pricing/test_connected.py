"""An estimate neither waits for the store at every question nor fails with it."""

from datetime import UTC, datetime
from typing import Any

from pymongo.errors import ServerSelectionTimeoutError

from contracts.vocabulary import Exposure
from services.pricing.connected import KEEP_S, ConnectedRegions
from services.pricing.networks import usable


class Store:
    def __init__(self) -> None:
        self.regions = ["us-east-1"]
        self.asked = 0
        self.away = self.private = False

    def ask(self) -> list[dict[str, Any]]:
        self.asked += 1
        if self.away:
            raise ServerSelectionTimeoutError
        public = {"public_subnets": {"a": "subnet-1"}}
        private: dict[str, str] = {"a": "subnet-2"} if self.private else {}
        since = {"_id": "1", "connected_at": datetime(2026, 11, 24, tzinfo=UTC), "cloud": "aws"}
        return [{"region": name, **since, **public, "private_subnets": private} for name in self.regions]


def regions(
    connected: ConnectedRegions, exposure: Exposure = Exposure.ALLOW_LISTED, *, fresh: bool = False
) -> frozenset[str] | None:
    found = connected.networks(fresh=fresh)
    return None if found is None else usable(found, exposure)


def test_the_store_is_asked_once_in_a_while() -> None:
    store, now = Store(), [0.0]
    connected = ConnectedRegions(store.ask, lambda: now[0])

    assert regions(connected) == regions(connected) == {"us-east-1"}
    assert store.asked == 1
    now[0] = KEEP_S
    store.regions = []
    assert regions(connected) == frozenset()


def test_a_question_that_hangs_on_it_asks_again() -> None:
    store = Store()
    connected = ConnectedRegions(store.ask, lambda: 0.0)

    regions(connected)
    regions(connected, fresh=True)

    assert store.asked == 2


def test_while_the_store_is_away_nobody_knows() -> None:
    store, now = Store(), [0.0]
    store.away = True
    connected = ConnectedRegions(store.ask, lambda: now[0])

    assert regions(connected) is None
    assert regions(connected) is None
    assert store.asked == 1
    now[0], store.away = KEEP_S, False
    assert regions(connected) == {"us-east-1"}


def test_a_region_without_private_subnets_is_not_connected_for_a_private_machine() -> None:
    store = Store()
    connected = ConnectedRegions(store.ask, lambda: 0.0)

    assert regions(connected, Exposure.PRIVATE) == frozenset()
    store.private = True
    assert regions(connected, Exposure.PRIVATE, fresh=True) == {"us-east-1"}
