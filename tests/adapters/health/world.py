"""A poller over the real store and real TLS servers, with hand-turned time and a cloud that says what it is told."""

import ipaddress
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from services.chassis.mongo import Store, declare
from services.health import handlers
from services.health.clouds import CloudDesk, CloudUnavailableError
from services.health.handlers import Ports
from services.health.instances import Instances
from services.health.model import CloudState
from services.health.poller import Poller
from services.health.probe import InstanceProbe
from services.health.roots import Roots
from services.health.shards import Shards
from services.health.store import COLLECTIONS
from services.health.watchlist import Pace, Watchlist
from services.health.webhooks.deliveries import Deliveries
from tests.adapters.health.instance import FakeInstance
from tests.unit.health.builders import DEPLOYMENT, SEALER, TurnedClock, launched, pending

INSTANCE_ID = f"i-{1:017x}"
RUNNING = CloudState("running")
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


class FakeCloud:
    """`says` maps instance ids to states; an id that is missing is unknown to the cloud."""

    def __init__(self) -> None:
        self.says: dict[str, CloudState] = {}
        self.is_down = False
        self.asked: list[Sequence[str]] = []

    def states(self, region: str, instance_ids: Sequence[str]) -> Mapping[str, CloudState]:
        self.asked.append(instance_ids)
        if self.is_down:
            raise CloudUnavailableError("RequestLimitExceeded")
        return {name: self.says[name] for name in instance_ids if name in self.says}


class World:
    def __init__(self, store: Store, owner: str = "first", roots: Roots | None = None) -> None:
        declare(store, COLLECTIONS)
        self.clock = TurnedClock()
        self.seconds = 0.0
        self.cloud, self.groups = FakeCloud(), FakeCloud()
        self.instances = Instances(store)
        self.shards = Shards(store, owner, count=1, most=1, monotonic=lambda: self.seconds)
        self.probe = InstanceProbe(SEALER, LOOPBACK, roots, deadline_s=0.5, answer_deadline_s=0.5)
        self.poller = Poller(
            instances=self.instances,
            shards=self.shards,
            watchlist=Watchlist(Pace(running_s=30, starting_s=2)),
            probe=lambda: self.probe,
            desk=CloudDesk({"aws": self.cloud}, {"aws": self.groups}, gather_s=0),
            clock=self.clock,
            at_once=50,
            touch_s=30,
            monotonic=lambda: self.seconds,
        )
        self.ports = Ports(self.instances, Deliveries(store), LOOPBACK, self.clock)

    def launch(self, instance: FakeInstance, **changes: Any) -> None:
        message = launched(address=instance.address, port=instance.port, **changes)
        handlers.instance_launched(message, ports=self.ports)

    async def after(self, seconds: float) -> dict[str, Any]:
        """Let time pass and every due look happen; returns the record."""
        self.seconds += seconds
        self.clock.now += timedelta(seconds=seconds)
        await self.poller.keep_shards()
        await self.poller.sync()
        await self.poller.turn(self.probe)
        await self.poller.settle()
        record = self.instances.get(f"{DEPLOYMENT}-1")
        assert record is not None
        return record

    def told(self) -> list[str]:
        """Status and reason of every report so far."""
        record = self.instances.get(f"{DEPLOYMENT}-1")
        assert record is not None
        return [f"{kind.split('.')[1]}: {data['reason']}" for kind, data in pending(record)]


async def healthy(world: World, instance: FakeInstance) -> None:
    world.launch(instance)
    await world.after(0)
    assert (await world.after(1))["status"] == "healthy"
    world.cloud.says[INSTANCE_ID] = RUNNING
