"""The composition root of the worker process."""

import threading
from collections.abc import Mapping, Sequence
from functools import partial

from flask import Flask

from contracts.vocabulary import Cloud
from services.agent import clouds, handlers, slots, states
from services.agent.cloud import Cloud as CloudPort
from services.agent.command import SERVICE
from services.agent.intents import Intents
from services.agent.placements import Placements
from services.agent.ports import Ports, Rules
from services.agent.pricing_client import PricingClient
from services.agent.reaper import Reaper
from services.agent.run_logs import RunLogs
from services.agent.runs import FIELD, Runs
from services.agent.settings import Settings
from services.agent.states import States
from services.agent.store import MIGRATIONS, RUNS
from services.agent.synth_children import SynthChildren
from services.agent.terraform import LeaseAddress, Terraform
from services.agent.workspace import Workspaces
from services.chassis import mongo
from services.chassis.clock import utc_now
from services.chassis.http import create_app
from services.chassis.inbox import Inbox
from services.chassis.messaging_store import open_store, owner_of
from services.chassis.process import Task
from services.chassis.queues import broker
from services.chassis.recovery import Recovery
from services.chassis.relay import Relay
from services.chassis.service_client import ServiceClient
from services.chassis.worker import Worker


def build(settings: Settings) -> tuple[Flask, Sequence[Task]]:
    """The probes' app, and the tasks: slots, relay, recovery, reaper, the synth child's keeper.

    Raises `InvalidError` for a cloud that the agent is to build in and can't.
    """
    reached = clouds.connect(settings.clouds)
    store, queues = open_store(settings.common, SERVICE, MIGRATIONS), broker.connect(settings.common)
    owner = owner_of(SERVICE)
    relay, synth, shutdown = (
        Relay(store, queues, [RUNS.name], owner),
        SynthChildren(_warm(settings)),
        threading.Event(),
    )
    ports = _ports(settings, reached, store, relay, synth, shutdown)
    inbox = Inbox(store, SERVICE, owner)
    workers = [
        Worker(
            queues=queues,
            inbox=inbox,
            handlers=handlers.bound(ports),
            choose=choose,
            on_dead_letter=partial(handlers.on_dead_letter, ports=ports),
        )
        for choose in slots.choosers(settings.slots)
    ]
    reaper = Reaper(ports.placements, ports.intents, ports.clouds, settings.common.environment, utc_now)
    recovery = Recovery(store, queues, inbox, slots.all_queues())
    app = create_app(SERVICE, "FlowLlama agent", [], readiness={"store": partial(mongo.ping, store)})
    tasks = [worker.run for worker in workers]
    return app, [*tasks, relay.run, recovery.run, reaper.run, synth.prewarm, partial(_pass_on, shutdown)]


def _ports(
    settings: Settings,
    reached: Mapping[str, CloudPort],
    store: mongo.Store,
    relay: Relay,
    synth: SynthChildren,
    shutdown: threading.Event,
) -> Ports:
    client = ServiceClient(
        settings.pricing_url, settings.token_url, settings.client_id, settings.client_secret
    )
    return Ports(
        runs=Runs(store, committed=relay.wake),
        placements=Placements(store),
        logs=RunLogs(store),
        intents=Intents(store),
        pricing=PricingClient(client),
        synth=synth,
        terraform=Terraform(settings.terraform),
        workspaces=Workspaces(settings.terraform.work_dir),
        states=States(states.connect(settings.build.state), settings.build.state.bucket),
        clouds=reached,
        lease_address=partial(_lease_address, settings),
        shutdown=shutdown,
        rules=Rules(settings.build, settings.sweep_interval_s, settings.max_offers),
        clock=utc_now,
    )


def _lease_address(settings: Settings, run_id: str, owner: str, epoch: int, ttl_s: float) -> LeaseAddress:
    return LeaseAddress(
        uri=settings.common.mongodb_uri,
        database=settings.common.mongodb_database,
        collection=RUNS.name,
        id=run_id,
        field=FIELD,
        owner=owner,
        epoch=epoch,
        ttl_s=ttl_s,
    )


def _warm(settings: Settings) -> Cloud:
    """Whose stacks are written without a wait from the first one on; another cloud's child is started on need."""
    return Cloud.AWS if Cloud.AWS in settings.clouds else Cloud.GCP


def _pass_on(shutdown: threading.Event, stopping: threading.Event) -> None:
    """The runs in hand learn of the end as soon as the process does."""
    stopping.wait()
    shutdown.set()
