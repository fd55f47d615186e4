"""Keeps one real server per running instance, and ends it when the instance ends."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from infra.local.cloud.emulator import Emulator
from infra.local.cloud.front import application
from infra.local.cloud.instance import Machine, SimulatedInstance
from infra.local.cloud.real_ollama import RealOllama
from infra.local.cloud.snapshots import INSTANCE_PORT
from infra.local.cloud.user_data import UserDataRefusedError, read_user_data
from services.chassis.logs import get_logger

log = get_logger(__name__)

SNAPSHOT_EVERY_S = 0.2
LOST = "Server.InternalError: the host was lost"
PREEMPTED = "Server.SpotInstanceTermination: Spot instance termination"


class Fleet:
    """All state lives on the event loop; the control door crosses over to it."""

    def __init__(self, emulator: Emulator, *, boot_s: float, real: RealOllama | None = None) -> None:
        self._emulator = emulator
        self._boot_s = boot_s
        self._instances: dict[str, SimulatedInstance] = {}
        self._by_address: dict[str, SimulatedInstance] = {}
        self._refused: dict[str, str] = {}
        self._real = real
        self._runner = web.AppRunner(
            application(self._by_address.get, real), access_log=None, shutdown_timeout=1
        )
        self._preempting: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Follow the emulator for ever."""
        await self._runner.setup()
        while True:
            await self.follow(self._emulator.machines())
            await asyncio.sleep(SNAPSHOT_EVERY_S)

    async def follow(self, machines: Sequence[Machine]) -> None:
        """Start what is new, open the doors of what has booted, end what is gone."""
        running = {machine.instance_id: machine for machine in machines}
        for machine in machines:
            known = self._instances.get(machine.instance_id)
            if known is not None:
                known.machine = machine
            elif machine.instance_id not in self._refused:
                self._power_on(machine)
        for instance in list(self._instances.values()):
            if instance.machine.instance_id not in running:
                self._power_off(instance)
            elif not instance.servers and instance.boot.listening:
                await self._listen(instance)
        for instance_id in set(self._refused) - set(running):
            del self._refused[instance_id]

    def describe(self) -> dict[str, Any]:
        refused = [{"instance_id": name, "refused": reason} for name, reason in self._refused.items()]
        return {"instances": [one.summary() for one in self._instances.values()] + refused}

    def kill(self, instance_id: str) -> bool:
        """The host is lost: the cloud lists the instance as terminated and its connections break."""
        return self._emulator.terminate(instance_id, LOST) and self._forget(instance_id)

    def hang(self, instance_id: str, *, hung: bool) -> bool:
        """A hung instance accepts connections and answers nothing, until resumed."""
        instance = self._instances.get(instance_id)
        if instance is None:
            return False
        if hung:
            instance.resumed.clear()
        else:
            instance.resumed.set()
        return True

    def preempt(self, instance_id: str, notice_s: float) -> bool:
        """Give the interruption notice now and take the spot instance away `notice_s` later."""
        instance = self._instances.get(instance_id)
        if instance is None:
            return False
        ends = datetime.now(UTC) + timedelta(seconds=notice_s)
        instance.interruption = {"action": "terminate", "time": ends.strftime("%Y-%m-%dT%H:%M:%SZ")}
        task = asyncio.get_running_loop().create_task(self._take_away(instance_id, notice_s))
        self._preempting.add(task)
        task.add_done_callback(self._preempting.discard)
        return True

    def region_of(self, instance_id: str) -> str:
        """Raises KeyError for one that does not run."""
        return self._instances[instance_id].machine.region

    def _power_on(self, machine: Machine) -> None:
        try:
            config = read_user_data(machine.user_data)
        except UserDataRefusedError as error:
            self._refused[machine.instance_id] = str(error)
            log.warning("instance_refused", instance_id=machine.instance_id, reason=str(error))
            return
        pull = self._real.pull(config.model_tag) if self._real is not None else None
        self._instances[machine.instance_id] = SimulatedInstance(machine, config, self._boot_s, pull=pull)
        log.info("instance_started", instance_id=machine.instance_id, placement_id=config.placement_id)

    async def _listen(self, instance: SimulatedInstance) -> None:
        for address in instance.machine.addresses:
            try:
                instance.servers.append(await self._open(address, instance))
            except OSError as error:
                # Only loopback addresses can be bound; an instance in the default VPC has none.
                self._power_off(instance)
                self._refused[instance.machine.instance_id] = str(error)
                log.warning("instance_unreachable", address=address, reason=str(error))
                return
            self._by_address[address] = instance

    async def _open(self, address: str, instance: SimulatedInstance) -> asyncio.Server:
        protocol = self._runner.server
        if protocol is None:
            raise RuntimeError("The fleet is not set up.")
        loop = asyncio.get_running_loop()
        return await loop.create_server(protocol, address, INSTANCE_PORT, ssl=instance.tls)

    def _power_off(self, instance: SimulatedInstance) -> None:
        self._instances.pop(instance.machine.instance_id, None)
        for address in instance.machine.addresses:
            if self._by_address.get(address) is instance:
                del self._by_address[address]
        instance.disconnect()
        log.info("instance_ended", instance_id=instance.machine.instance_id)

    def _forget(self, instance_id: str) -> bool:
        instance = self._instances.get(instance_id)
        if instance is not None:
            self._power_off(instance)
        return True

    async def _take_away(self, instance_id: str, notice_s: float) -> None:
        await asyncio.sleep(notice_s)
        if self._emulator.terminate(instance_id, PREEMPTED):
            self._forget(instance_id)
