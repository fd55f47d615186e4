"""`python -m services.health worker`: polls instances, sends webhooks, handles messages and answers HTTP."""

import random
import resource
import sys
from collections.abc import Sequence
from functools import partial

from flask import Flask

from contracts.topology import queues_received_by
from contracts.vocabulary import Cloud
from services.chassis import auth_verify, config, logs, mongo, process
from services.chassis.clock import utc_now
from services.chassis.http import create_app
from services.chassis.inbox import Inbox
from services.chassis.messaging_store import open_store, owner_of
from services.chassis.process import Task
from services.chassis.queues import broker
from services.chassis.recovery import Recovery
from services.chassis.relay import Relay
from services.chassis.sealing import Sealer
from services.chassis.worker import Worker
from services.health import api, handlers
from services.health.clouds import CloudDesk, Ec2Instances, ScalingGroups
from services.health.gcp_clouds import ComputeInstances, ManagedGroups
from services.health.instances import SERVICE, Instances
from services.health.poller import Poller
from services.health.probe import InstanceProbe
from services.health.roots import read_roots
from services.health.settings import Settings, build
from services.health.shards import Shards
from services.health.store import INSTANCES, MIGRATIONS
from services.health.watchlist import Pace, Watchlist
from services.health.webhooks.deliverer import Deliverer
from services.health.webhooks.deliveries import Deliveries
from services.health.webhooks.sender import Sender

KEPT_INTERVALS = 1.5  # A connection outlives the pause between two polls.


def main(arguments: Sequence[str]) -> None:
    if list(arguments) != ["worker"]:
        sys.exit(f"usage: python -m services.{SERVICE} worker")
    settings = config.read(build)
    logs.configure(SERVICE, settings.common.log_level)
    _raise_file_limit()
    app, tasks = _worker(settings)
    process.serve_worker(settings.common, app, tasks)


def _raise_file_limit() -> None:
    """One idle connection is kept per instance: a new TLS handshake costs five times the poll itself."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _worker(settings: Settings) -> tuple[Flask, Sequence[Task]]:
    store, queues = open_store(settings.common, SERVICE, MIGRATIONS), broker.connect(settings.common)
    owner = owner_of(SERVICE)
    relay = Relay(store, queues, [INSTANCES.name], owner)
    instances, deliveries = Instances(store, committed=relay.wake), Deliveries(store)
    inbox = Inbox(store, SERVICE, owner)
    table = handlers.bound(handlers.Ports(instances, deliveries, settings.instance_networks, utc_now))
    received = queues_received_by(SERVICE)
    slots = [
        Worker(queues=queues, inbox=inbox, handlers=table, choose=partial(tuple, received)).run
        for _ in range(settings.slots)
    ]
    verifier = auth_verify.over_http(settings.common)
    app = create_app(
        SERVICE,
        "FlowLlama health",
        [api.blueprint(api.Ports(instances, deliveries, verifier))],
        readiness={"store": partial(mongo.ping, store)},
    )
    background = [
        relay.run,
        Recovery(store, queues, inbox, received).run,
        verifier.run,
        _poller(settings, store, instances, owner).run,
        _deliverer(settings, deliveries, owner).run,
    ]
    return app, [*slots, *background]


def _poller(settings: Settings, store: mongo.Store, instances: Instances, owner: str) -> Poller:
    pace = Pace(settings.interval_s, settings.starting_interval_s, random.random)
    return Poller(
        instances=instances,
        shards=Shards(store, owner, count=settings.shards, most=settings.shards_held),
        watchlist=Watchlist(pace),
        probe=partial(
            InstanceProbe,
            Sealer(settings.sealing_keys),
            settings.instance_networks,
            read_roots(settings.balancer_roots_file),
            connections=settings.polls_at_once,
            keepalive_s=settings.interval_s * KEPT_INTERVALS,
        ),
        desk=CloudDesk(
            {Cloud.AWS: Ec2Instances(), Cloud.GCP: ComputeInstances()},
            {Cloud.AWS: ScalingGroups(), Cloud.GCP: ManagedGroups()},
        ),
        clock=utc_now,
        at_once=settings.polls_at_once,
        touch_s=settings.interval_s,
    )


def _deliverer(settings: Settings, deliveries: Deliveries, owner: str) -> Deliverer:
    return Deliverer(
        deliveries=deliveries,
        sender=Sender(settings.webhook_allowed_networks, settings.webhook_timeout_s),
        sealer=Sealer(settings.sealing_keys),
        clock=utc_now,
        owner=owner,
        threads=settings.webhook_threads,
        jitter=random.random,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
