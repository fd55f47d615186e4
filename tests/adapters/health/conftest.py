"""Instances over real TLS on loopback."""

import ipaddress
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from services.chassis.mongo import Store
from services.health.probe import InstanceProbe
from tests.adapters.health.instance import FakeInstance
from tests.adapters.health.post import Post
from tests.adapters.health.receiver import Receiver, receiving
from tests.adapters.health.world import World
from tests.unit.health.builders import SEALER

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
PROBE_DEADLINE_S = 1.0


@pytest_asyncio.fixture
async def instance() -> AsyncIterator[FakeInstance]:
    """Answering from the start; a test that wants another beginning stops it first."""
    fake = FakeInstance()
    await fake.start()
    yield fake
    await fake.stop()


@pytest_asyncio.fixture
async def world(store: Store) -> AsyncIterator[World]:
    made = World(store)
    async with made.probe:
        yield made


@pytest_asyncio.fixture
async def probe() -> AsyncIterator[InstanceProbe]:
    async with InstanceProbe(
        SEALER, LOOPBACK, deadline_s=PROBE_DEADLINE_S, answer_deadline_s=PROBE_DEADLINE_S
    ) as opened:
        yield opened


@pytest.fixture
def post(store: Store) -> Post:
    return Post(store)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made
