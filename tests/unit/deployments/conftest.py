import pytest

from services.chassis.mongo import Store
from tests.unit.deployments.world import World


@pytest.fixture
def world(store: Store) -> World:
    return World(store)
