"""What a run works with. Every outside thing is a port, so that tests can stand in for it."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from services.agent.cloud import Cloud
from services.agent.intents import Intents
from services.agent.placements import Placements
from services.agent.pricing_client import Pricing
from services.agent.run_logs import RunLogs
from services.agent.runs import Runs
from services.agent.settings import BuildSettings
from services.agent.states import States
from services.agent.synth import Synth
from services.agent.terraform import Ended, LeaseAddress, OnEvent
from services.agent.workspace import Workspace, Workspaces
from services.chassis.clock import Clock


class TerraformRunner(Protocol):
    def apply(
        self, workspace: Workspace, lease: LeaseAddress | None, stop: threading.Event, on_event: OnEvent
    ) -> Ended:
        """Build what the folder's stack says. Returns when Terraform has ended, whatever ended it."""

    def destroy(
        self, workspace: Workspace, lease: LeaseAddress | None, stop: threading.Event, on_event: OnEvent
    ) -> Ended:
        """Destroy what the stack's state knows of."""


@dataclass(frozen=True)
class Rules:
    """The figures a run goes by. `sweep_limit_s` bounds the wait for the cloud to be empty."""

    build: BuildSettings
    sweep_interval_s: float
    max_offers: int
    sweep_limit_s: float = 300.0
    backoff_s: float = 2.0
    watch_s: float = 0.5


@dataclass(frozen=True)
class Ports:
    runs: Runs
    placements: Placements
    logs: RunLogs
    intents: Intents
    pricing: Pricing
    synth: Synth
    terraform: TerraformRunner
    workspaces: Workspaces
    states: States
    clouds: Mapping[str, Cloud]
    lease_address: Callable[[str, str, int, float], LeaseAddress]
    shutdown: threading.Event
    rules: Rules
    clock: Clock
