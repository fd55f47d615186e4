from datetime import UTC, datetime, timedelta

import pytest

from services.chassis.mongo import Store
from services.chassis.queues.memory import MemoryQueues
from tests.unit.chassis.world import World


class FakeClock:
    """Time that a test turns."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def queues(clock: FakeClock) -> MemoryQueues:
    return MemoryQueues(clock)


@pytest.fixture
def world(store: Store, queues: MemoryQueues, clock: FakeClock) -> World:
    return World(store, queues, clock)
