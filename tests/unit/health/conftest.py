"""Health's collections on the real store, and ports around them."""

import ipaddress

import pytest

from services.chassis.mongo import Store, declare
from services.health.handlers import Ports
from services.health.instances import Instances
from services.health.store import COLLECTIONS
from services.health.webhooks.deliveries import Deliveries
from tests.unit.health.builders import TurnedClock

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def ports(store: Store, clock: TurnedClock) -> Ports:
    declare(store, COLLECTIONS)
    return Ports(Instances(store), Deliveries(store), LOOPBACK, clock)
