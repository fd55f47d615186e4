"""One poller at a time: restarts, takeovers and lapsed leases."""

import threading
import time
from collections.abc import Callable

from services.chassis.mongo import Store
from tests.adapters.health.instance import FakeInstance
from tests.adapters.health.world import World, healthy


async def test_after_a_restart_the_records_say_what_to_poll(
    store: Store, world: World, instance: FakeInstance
) -> None:
    await healthy(world, instance)
    world.shards.release()
    second = World(store, owner="second")
    async with second.probe:
        await second.after(0)
        instance.asked.clear()
        await second.after(31)

    assert instance.asked == ["GET /_flowllama/status", "GET /api/tags"]


async def test_two_pollers_never_both_poll(store: Store, world: World, instance: FakeInstance) -> None:
    await healthy(world, instance)
    second = World(store, owner="second")
    async with second.probe:
        instance.asked.clear()
        for _ in range(4):
            await second.after(31)
        assert instance.asked == []

        world.shards.release()
        await second.after(31)
        assert instance.asked == ["GET /_flowllama/status", "GET /api/tags"]
        await world.after(31)

    assert instance.asked == ["GET /_flowllama/status", "GET /api/tags"]


async def test_a_poller_whose_lease_is_no_longer_sure_stops(world: World, instance: FakeInstance) -> None:
    await healthy(world, instance)
    instance.asked.clear()

    world.seconds += 31  # The store was out of reach: nothing was renewed meanwhile.
    await world.poller.turn(world.probe)
    await world.poller.settle()

    assert instance.asked == []


async def test_it_runs_in_a_thread_until_told_to_stop(store: Store, instance: FakeInstance) -> None:
    world = World(store)
    world.seconds = 0.0
    world.poller._monotonic = time.monotonic
    world.shards._monotonic = time.monotonic
    stopping = threading.Event()
    thread = threading.Thread(target=world.poller.run, args=(stopping,), daemon=True)
    thread.start()
    world.launch(instance)

    await until(lambda: world.told() == ["healthy: model_answers"])
    stopping.set()
    await until(lambda: not thread.is_alive())


async def until(holds: Callable[[], bool]) -> None:
    import asyncio

    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
