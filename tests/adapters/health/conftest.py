"""Instances over real TLS on loopback."""

from collections.abc import AsyncIterator

import pytest_asyncio

from services.chassis.mongo import Store
from tests.adapters.health.instance import FakeInstance
from tests.adapters.health.world import World


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
