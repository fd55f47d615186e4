"""Instances over real TLS on loopback."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.adapters.health.instance import FakeInstance


@pytest_asyncio.fixture
async def instance() -> AsyncIterator[FakeInstance]:
    """Answering from the start; a test that wants another beginning stops it first."""
    fake = FakeInstance()
    await fake.start()
    yield fake
    await fake.stop()
