"""All five services in one process: real handlers, real HTTP apps, a real store, the memory broker.

Only the outermost world is played: Terraform and the cloud (`FakeTerraform`, `FakeCloud`), the instance
(`PlayedInstance`) and the user's webhook endpoint (`Hooks`). What those really do is proved elsewhere.
"""

import asyncio
import ipaddress
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from standardwebhooks import Webhook

from contracts import messages as m
from contracts.envelope import decode, encode
from contracts.topology import HEALTH_EVENTS, queues_received_by
from contracts.vocabulary import Tier
from services.agent import handlers as agent_handlers
from services.agent.command import Command
from services.agent.intents import Intents
from services.agent.placements import Placements
from services.agent.ports import Ports as AgentPorts
from services.agent.ports import Rules
from services.agent.run_logs import RunLogs
from services.agent.runs import Runs
from services.agent.states import States
from services.agent.store import COLLECTIONS as AGENT_COLLECTIONS
from services.agent.store import RUNS
from services.agent.workspace import Workspaces
from services.auth.app import assemble, flask_app
from services.auth.keys import KeyRing
from services.auth.store import COLLECTIONS as AUTH_COLLECTIONS
from services.auth.tokens import digest
from services.chassis import mongo, outbox
from services.chassis.auth_verify import Verifier
from services.chassis.clock import utc_now
from services.chassis.errors import InvalidError
from services.chassis.http import create_app
from services.chassis.inbox import Inbox
from services.chassis.mongo import Store
from services.chassis.outbox import Origin
from services.chassis.queues.memory import MemoryQueues
from services.chassis.relay import Relay
from services.chassis.sealing import Sealer
from services.chassis.worker import Handler, Worker
from services.deployments import api as deployments_api
from services.deployments import budget_api
from services.deployments import handlers as deployments_handlers
from services.deployments.admission import Admission
from services.deployments.alerts import BudgetAlerts
from services.deployments.budget_store import BUDGETS, Budgets
from services.deployments.costs import Costs
from services.deployments.creation import Creation
from services.deployments.ledger import Ledger
from services.deployments.spending import Spending
from services.deployments.store import COLLECTIONS as DEPLOYMENTS_COLLECTIONS
from services.deployments.store import DEPLOYMENTS, Deployments, UserQueues
from services.health import handlers as health_handlers
from services.health import model as health_model
from services.health.clouds import CloudDesk
from services.health.instances import Instances
from services.health.model import Look
from services.health.poller import Poller
from services.health.shards import Shards
from services.health.store import COLLECTIONS as HEALTH_COLLECTIONS
from services.health.store import INSTANCES
from services.health.watchlist import Pace, Watchlist
from services.health.webhooks.deliverer import Deliverer
from services.health.webhooks.deliveries import Deliveries
from services.health.webhooks.sender import Answer
from services.pricing import app as pricing_app
from services.pricing import networks
from services.pricing import store as pricing_store
from services.pricing.store import MIGRATIONS as PRICING_MIGRATIONS
from tests.unit.agent.fakes import FakeBucket, FakeCloud, FakeSynth, FakeTerraform
from tests.unit.agent.world import BUILD

SECRET = "s" * 43
REGION = "us-east-1"


class Hooks:
    """The user's webhook endpoint."""

    def __init__(self) -> None:
        self.received: list[tuple[dict[str, str], str]] = []

    def send(self, url: str, body: str, headers: dict[str, str]) -> Answer:
        self.received.append((dict(headers), body))
        return Answer(204, None)

    def verified(self, secret: str) -> list[str]:
        """The statuses told, every signature checked by the stock library."""
        return [Webhook(secret).verify(body, headers)["data"]["status"] for headers, body in self.received]


class PlayedInstance:
    """What health sees of the machine."""

    def __init__(self, cloud: FakeCloud) -> None:
        self._cloud = cloud

    async def look(self, record: Mapping[str, Any]) -> Look:
        if record["instance_id"] not in self._cloud.of_kind("instance"):
            return Look(failure="no connection, or it broke (ConnectionRefusedError)")
        return Look(phase="ready", ca_pem="PEM", listed=True, answered=True)

    def states(self, region: str, instance_ids: Any) -> Mapping[str, health_model.CloudState]:
        gone = health_model.CloudState("terminated", None)
        return {name: gone for name in instance_ids if name not in self._cloud.of_kind("instance")}


class System:
    """`settle` lets every message arrive; `health_looks` lets one poll happen."""

    def __init__(self, store: Store, work: Path) -> None:
        self.store, self.queues, self.cloud, self.hooks = store, MemoryQueues(), FakeCloud(), Hooks()
        self.sealer = Sealer([Fernet.generate_key().decode()])
        for collections in (
            AUTH_COLLECTIONS,
            DEPLOYMENTS_COLLECTIONS,
            AGENT_COLLECTIONS,
            HEALTH_COLLECTIONS,
        ):
            mongo.declare(store, collections)
        mongo.migrate(store, "pricing", PRICING_MIGRATIONS)
        self.auth = self._auth().test_client()
        self._verifier = Verifier(
            fetch_keys=lambda: self.auth.get("/.well-known/jwks.json").json or {},
            fetch_revoked=lambda since: self.auth.get(f"/internal/revocations?since={since}").json or {},
        )
        self.pricing = pricing_app.flask_app(store, self._verifier).test_client()
        self.agent_token = self._service_token()
        self.deployments = self._deployments_api().test_client()
        self.instance = PlayedInstance(self.cloud)
        self._poller, self._deliverer = self._health()
        self._workers = [
            self._worker("deployments", self._deployments_handlers()),
            self._worker("agent", agent_handlers.bound(self._agent_ports(work))),
            self._worker("health", self._health_handlers()),
        ]
        self._relay = Relay(
            store, self.queues, [DEPLOYMENTS.name, BUDGETS.name, RUNS.name, INSTANCES.name], "flow"
        )

    def connect_region(self, **more: Any) -> None:
        """What the network stack's outputs become, a lean network of one zone unless there is `more`."""
        record = {
            "cloud": "aws",
            "account": "123456789012",
            "region": REGION,
            "vpc_id": "vpc-0123456789abcdef0",
            "public_subnets": {"us-east-1a": "subnet-0123456789abcdef0"},
            "instance_profile": "flowllama-test",
            "egress_cidrs": ["10.64.0.0/16"],
            **more,
        }
        for network in networks.read_networks(record):
            pricing_store.connect_network(self.store, network, utc_now())

    def settle(self) -> None:
        """Publish and handle until nothing is owed and nothing waits."""
        moved = True
        while moved:
            moved = self._relay.publish_pending() > 0
            for worker in self._workers:
                moved = worker.run_once() or moved
        with ThreadPoolExecutor(1) as pool:
            for future in self._deliverer.submit_due(pool):
                future.result()

    def health_looks(self) -> None:
        asyncio.run(self._one_turn())

    def cloud_announces_interruption(self) -> None:
        """Nobody's service sends this: EventBridge puts it on health's queue as it stands."""
        (machine,) = self.cloud.of_kind("instance")
        data = {"cloud": "aws", "region": REGION, "instance_id": machine, "action": "terminate"}
        origin = Origin("cloud", "flow")
        message = outbox.compose(origin, m.INTERRUPTION_ANNOUNCED, subject=machine, group=machine, data=data)
        self.queues.send(HEALTH_EVENTS.name, encode(message), group=machine, dedup_id=message.dedup_id)

    def budgets_are_looked_at(self, at: datetime) -> None:
        BudgetAlerts(self._spending(), lambda: at).look()

    def handled_by_health(self, message_type: str) -> list[int]:
        """The thresholds of budget events that health has taken note of."""
        events = self.store["events"].find({"type": message_type}).sort("_id", 1)
        inbox = Inbox(self.store, "health", "flow")
        return [
            decode(event["body"]).data["threshold_percent"]
            for event in events
            if inbox.has_finished(event["_id"])
        ]

    def middle_of_next_month(self) -> datetime:
        return utc_now().replace(day=1) + timedelta(days=45)

    async def _one_turn(self) -> None:
        await self._poller.keep_shards()
        await self._poller.sync()
        self._seconds += 60
        await self._poller.turn(self.instance)
        await self._poller.settle()

    def _auth(self) -> Flask:
        ports = assemble(
            self.store,
            keys=KeyRing.of([Ed25519PrivateKey.generate()]),
            sealer=self.sealer,
            hasher=PasswordHasher(time_cost=1, memory_cost=8, parallelism=1),
        )
        return flask_app(ports, {"agent": digest(SECRET)})

    def _service_token(self) -> Mapping[str, str]:
        credentials = {"client_id": "agent", "client_secret": SECRET}
        body = self.auth.post("/internal/token", json=credentials).json or {}
        return {"Authorization": f"Bearer {body['access_token']}"}

    def _deployments_api(self) -> Flask:
        creation = Creation(
            Deployments(self.store), PricingOver(self), self._spending(), self.sealer, utc_now
        )
        routes = [
            deployments_api.blueprint(
                deployments_api.Ports(creation, Costs(self.store), self._verifier, PricingOver(self))
            ),
            budget_api.blueprint(budget_api.Ports(self._spending(), self._verifier)),
        ]
        return create_app("deployments", "Deployments", routes, readiness={})

    def _spending(self) -> Spending:
        ledger = Ledger(Deployments(self.store), Costs(self.store))
        return Spending(Budgets(self.store), ledger, utc_now, {Tier.FREE: Decimal(500)})

    def _deployments_handlers(self) -> Mapping[str, Handler]:
        records = Deployments(self.store)
        allowance = self._spending().allowance
        admission = Admission(records, UserQueues(self.store), utc_now, allowance=allowance)
        return deployments_handlers.bound(
            deployments_handlers.Ports(records, admission, Costs(self.store), utc_now)
        )

    def _agent_ports(self, work: Path) -> AgentPorts:
        bucket = FakeBucket()
        self.terraform = FakeTerraform(self.cloud, bucket)
        return AgentPorts(
            runs=Runs(self.store),
            placements=Placements(self.store),
            logs=RunLogs(self.store),
            intents=Intents(self.store),
            pricing=PricingOver(self),
            synth=FakeSynth(),
            terraform=self.terraform,
            workspaces=Workspaces(work),
            states=States(bucket, "flowllama-test-state"),
            clouds={"aws": self.cloud},
            lease_address=lambda *_: None,
            shutdown=threading.Event(),
            rules=Rules(
                BUILD, sweep_interval_s=0.01, max_offers=3, sweep_limit_s=0.5, backoff_s=0, watch_s=0.01
            ),
            clock=utc_now,
        )

    def _health(self) -> tuple[Poller, Deliverer]:
        self._seconds = 0.0
        self._instances, self._deliveries = Instances(self.store), Deliveries(self.store)
        poller = Poller(
            instances=self._instances,
            shards=Shards(self.store, "flow", count=1, most=1, ttl_s=3600, monotonic=lambda: self._seconds),
            watchlist=Watchlist(Pace()),
            probe=lambda: self.instance,
            desk=CloudDesk({"aws": self.instance}, gather_s=0),
            clock=utc_now,
            at_once=10,
            touch_s=30,
            monotonic=lambda: self._seconds,
        )
        deliverer = Deliverer(
            deliveries=self._deliveries,
            sender=self.hooks,
            sealer=self.sealer,
            clock=utc_now,
            owner="flow",
            threads=1,
            jitter=lambda: 0.5,
        )
        return poller, deliverer

    def _health_handlers(self) -> Mapping[str, Handler]:
        ports = health_handlers.Ports(self._instances, self._deliveries, _loopback(), utc_now)
        return health_handlers.bound(ports)

    def _worker(self, service: str, table: Mapping[str, Handler]) -> Worker:
        queues = list(queues_received_by(service))
        return Worker(
            queues=self.queues,
            inbox=Inbox(self.store, service, f"{service}-flow"),
            handlers=table,
            choose=partial(tuple, queues),
        )


class PricingOver:
    """Pricing over its own HTTP app, as deployments and the agent call it."""

    def __init__(self, system: System) -> None:
        self._system = system

    def quote(self, workload: Mapping[str, Any], *, correlation_id: str) -> Decimal:
        wanted = {name: value for name, value in workload.items() if value is not None}
        answer = self._post("/api/pricing/estimate", {**wanted, "connected_only": True, "limit": 1})
        assert answer["candidates_total"], answer["rejected"]
        return Decimal(str(answer["candidates"][0]["hourly_usd"]))

    def lowest(self, workload: Mapping[str, Any], *, correlation_id: str) -> Decimal:
        raise AssertionError("the budget of this story allows what suits best")

    def select(self, command: Command) -> Mapping[str, Any]:
        body = {
            "deployment_id": command.deployment_id,
            "workload": dict(command.data["workload"]),
            "budget_hourly_usd": str(command.data["budget_hourly_usd"]),
            "exposure": command.data["exposure"]["kind"],
        }
        return self._post("/internal/select", body)

    def block(
        self,
        offer: Mapping[str, Any],
        reason: str,
        *,
        quota: bool = False,
        machines: int = 1,
        correlation_id: str,
    ) -> None:
        raise AssertionError("no offer of this story runs out")

    def decisions(self, deployment_id: str, *, correlation_id: str) -> Sequence[Mapping[str, Any]]:
        found: Sequence[Mapping[str, Any]] = self._get(
            "/internal/decisions", {"deployment_id": deployment_id}
        )["items"]
        return found

    def decision(
        self, decision_id: str, query: Mapping[str, Any], *, correlation_id: str
    ) -> Mapping[str, Any]:
        return self._get(f"/internal/decisions/{decision_id}", query)

    def _get(self, path: str, query: Mapping[str, Any]) -> Mapping[str, Any]:
        answer = self._system.pricing.get(path, query_string=dict(query), headers=self._system.agent_token)
        assert answer.status_code == 200, answer.text
        return answer.json or {}

    def _post(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        answer = self._system.pricing.post(path, json=body, headers=self._system.agent_token)
        document: Mapping[str, Any] = answer.json or {}
        if answer.status_code == 422:
            raise InvalidError(document["detail"], errors=document.get("errors", ()))
        assert answer.status_code == 200, answer.text
        return document


def _loopback() -> Any:
    return (ipaddress.ip_network("127.0.0.0/8"),)
