"""The agent over a real store and the memory broker, everything outside it faked."""

import threading
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from contracts import messages as m
from contracts.envelope import Message, decode, encode
from contracts.topology import AGENT_COMMANDS_FREE, AGENT_COMMANDS_PAID, DEPLOYMENTS_EVENTS, HEALTH_EVENTS
from contracts.vocabulary import Arch
from services.agent import handlers
from services.agent.intents import Intents
from services.agent.placements import Placements
from services.agent.ports import Ports, Rules
from services.agent.run_logs import RunLogs
from services.agent.runs import Runs
from services.agent.settings import BuildSettings, StateSettings
from services.agent.states import States
from services.agent.store import COLLECTIONS, RUNS
from services.agent.workspace import Workspaces
from services.chassis import outbox
from services.chassis.clock import utc_now
from services.chassis.inbox import Inbox
from services.chassis.mongo import Store, declare
from services.chassis.outbox import Origin
from services.chassis.queues.memory import MemoryQueues
from services.chassis.relay import Relay
from services.chassis.worker import Worker
from tests.unit.agent.fakes import FakeBucket, FakeCloud, FakePricing, FakeSynth, FakeTerraform

DEPLOYMENT = "dep_01k00000000000000000000000"
USER = "usr_01k00000000000000000000000"
BUILD = BuildSettings(
    environment="test",
    state=StateSettings("flowllama-test-state", "us-east-1", path_style=True),
    ollama_version="0.32.9",
    ollama_sha256={Arch.X86_64: "a" * 64, Arch.ARM64: "b" * 64},
    service_cidrs=(),
)


class World:
    """One agent. `second` is another process over the same store, queues and cloud."""

    def __init__(self, store: Store, work_dir: Path, shared: "World | None" = None) -> None:
        declare(store, COLLECTIONS)
        self.store, self._work_dir = store, work_dir
        self.turned = shared.turned if shared else timedelta(0)
        self.queues = shared.queues if shared else MemoryQueues(lambda: utc_now() + self.turned)
        self.cloud = shared.cloud if shared else FakeCloud()
        self.bucket = shared.bucket if shared else FakeBucket()
        self.pricing = shared.pricing if shared else FakePricing()
        self.terraform = FakeTerraform(self.cloud, self.bucket)
        self.shutdown = threading.Event()
        self.ports = self._ports()
        self._told = 0

    def second(self) -> "World":
        return World(self.store, self._work_dir, shared=self)

    def intend(self, generation: int = 1, status: str = "selecting", deployment_id: str = DEPLOYMENT) -> None:
        """What deployments says is wanted now."""
        wanted = {"$set": {"generation": generation, "status": status}}
        self.store["deployments"].update_one({"_id": deployment_id}, wanted, upsert=True)

    def worker(self) -> Worker:
        return Worker(
            queues=self.queues,
            inbox=Inbox(self.store, "agent", f"agent-{id(self)}"),
            handlers=handlers.bound(self.ports),
            choose=lambda: (AGENT_COMMANDS_PAID, AGENT_COMMANDS_FREE),
            on_dead_letter=partial(handlers.on_dead_letter, ports=self.ports),
        )

    def send(self, message: Message, queue: str = AGENT_COMMANDS_FREE.name) -> None:
        self.queues.send(queue, encode(message), group=message.subject, dedup_id=message.dedup_id)

    def handle(self, message: Message) -> None:
        """The handler alone: what it raises is the test's to see."""
        handlers.bound(self.ports)[message.type](decode(encode(message)))

    def told(self) -> Sequence[tuple[str, Any]]:
        """Type and data of every event published since the last call, in the order of the outbox."""
        Relay(self.store, self.queues, [RUNS.name], "test").publish_pending()
        for queue in (DEPLOYMENTS_EVENTS, HEALTH_EVENTS):
            while (delivery := self.queues.receive(queue.name, wait_s=0, visibility_s=60)) is not None:
                self.queues.ack(delivery)
        events = list(self.store["events"].find().sort("_id", 1))
        new, self._told = events[self._told :], len(events)
        return [(event["type"], decode(event["body"]).data) for event in new]

    def told_types(self) -> list[str]:
        return [type_ for type_, _ in self.told()]

    def run(self) -> dict[str, Any]:
        return self.store["runs"].find_one({"_id": DEPLOYMENT}) or {}

    def placements(self) -> list[dict[str, Any]]:
        return list(self.store["placements"].find().sort("number", 1))

    def wait(self, seconds: float) -> None:
        """Turn the broker's clock."""
        self.turned += timedelta(seconds=seconds)

    def die(self) -> None:
        """What a kill -9 leaves: the lease is not given back, and lapses."""
        past = {"$set": {"lease.expires_at": utc_now().replace(year=2020), "lease.owner": "the dead"}}
        self.store["runs"].update_one({"_id": DEPLOYMENT}, past)

    def _ports(self) -> Ports:
        return Ports(
            runs=Runs(self.store),
            placements=Placements(self.store),
            logs=RunLogs(self.store),
            intents=Intents(self.store),
            pricing=self.pricing,
            synth=FakeSynth(),
            terraform=self.terraform,
            workspaces=Workspaces(self._work_dir),
            states=States(self.bucket, "flowllama-test-state"),
            clouds={"aws": self.cloud},
            lease_address=lambda *_: None,
            shutdown=self.shutdown,
            rules=Rules(
                BUILD, sweep_interval_s=0.01, max_offers=8, sweep_limit_s=0.1, backoff_s=0, watch_s=0.02
            ),
            clock=utc_now,
        )


def provision(generation: int = 1, *, nudge: int = 0, **changes: Any) -> Message:
    data = {
        **_command("provision", generation),
        "workload": {"model": "llama3.2:1b", "max_hourly_usd": None},
        "exposure": {"kind": "allow_listed", "allow_cidrs": ["203.0.113.7/32"]},
        "token_sha256": "a" * 64,
        "health_token_sha256": "b" * 64,
        "health_token_sealed": "sealed",
        **changes,
    }
    return _message(m.PROVISION, data, nudge)


def destroy(generation: int = 2, *, nudge: int = 0) -> Message:
    return _message(m.DESTROY, _command("destroy", generation), nudge)


def _command(kind: str, generation: int) -> dict[str, Any]:
    return {
        "deployment_id": DEPLOYMENT,
        "generation": generation,
        "user_id": USER,
        "tier": "free",
        "command_id": f"{DEPLOYMENT}:{generation}:{kind}",
    }


def _message(type_: str, data: dict[str, Any], nudge: int) -> Message:
    return outbox.compose(
        Origin("deployments", "corr-1"),
        type_,
        subject=data["deployment_id"],
        group=data["deployment_id"],
        data=data,
        command_id=data["command_id"],
        nudge=nudge,
    )
