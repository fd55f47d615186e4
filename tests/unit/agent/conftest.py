"""One agent per test."""

from pathlib import Path

import pytest

from services.chassis.mongo import Store
from tests.unit.agent.world import World


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    it = World(store, tmp_path / "work")
    it.intend()
    return it
