"""The deployments service over a real store, with a clock that a test turns and no process around it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from cryptography.fernet import Fernet

from contracts import messages as m
from contracts.claims import Principal
from contracts.envelope import Message, decode
from contracts.http.deployments import CreateDeploymentSchema
from contracts.vocabulary import Tier
from services.chassis import mongo, outbox
from services.chassis.errors import InvalidError, UnavailableError
from services.chassis.mongo import Store
from services.chassis.outbox import Origin
from services.chassis.sealing import Sealer
from services.deployments import creation, handlers
from services.deployments.admission import Admission
from services.deployments.budget_store import Budgets
from services.deployments.costs import Costs
from services.deployments.creation import Creation
from services.deployments.first_record import Request
from services.deployments.ledger import Ledger, Standing
from services.deployments.spending import Spending
from services.deployments.store import COLLECTIONS, Deployments, UserQueues
from services.deployments.sweep import Sweep

ORIGIN = Origin("deployments", "req_test")


class Pricing:
    """Pricing that has a machine for everything except what a test forbids."""

    def __init__(self) -> None:
        self.refusal: str | None = None
        self.checked: list[Mapping[str, Any]] = []
        self.made: list[dict[str, Any]] = []
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.away = False
        self.best = Decimal("0.36")
        self.cheapest = Decimal("0.36")

    def quote(self, workload: Mapping[str, Any], *, correlation_id: str) -> Decimal:
        self.checked.append(workload)
        if self.refusal:
            raise InvalidError(self.refusal)
        return self.best

    def lowest(self, workload: Mapping[str, Any], *, correlation_id: str) -> Decimal:
        return self.cheapest

    def decisions(self, deployment_id: str, *, correlation_id: str) -> Sequence[Mapping[str, Any]]:
        if self.away:
            raise UnavailableError
        return [
            {"id": each["id"], "at": each["at"]}
            for each in self.made
            if each["deployment_id"] == deployment_id
        ]

    def decision(
        self, decision_id: str, query: Mapping[str, Any], *, correlation_id: str
    ) -> Mapping[str, Any]:
        self.asked.append((decision_id, query))
        return next(each for each in self.made if each["id"] == decision_id)


@dataclass
class World:
    store: Store
    now: datetime = datetime(2026, 11, 24, 12, tzinfo=UTC)
    pricing: Pricing = field(default_factory=Pricing)

    def __post_init__(self) -> None:
        mongo.declare(self.store, COLLECTIONS)
        self.deployments = Deployments(self.store)
        self.costs = Costs(self.store)
        self.budgets = Budgets(self.store)
        self.spending = Spending(
            self.budgets, Ledger(self.deployments, self.costs), self.clock, {Tier.FREE: None}
        )
        self.admission = Admission(
            self.deployments, UserQueues(self.store), self.clock, allowance=self.spending.allowance
        )
        self.sealer = Sealer([Fernet.generate_key().decode()])
        self.creation = Creation(self.deployments, self.pricing, self.spending, self.sealer, self.clock)
        self.sweep = Sweep(self.deployments, self.admission, self.clock)
        self.table = handlers.bound(handlers.Ports(self.deployments, self.admission, self.costs, self.clock))

    def clock(self) -> datetime:
        return self.now

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)

    def create(
        self,
        user: str = "usr_a",
        *,
        tier: Tier = Tier.FREE,
        key: str | None = None,
        address: str = "203.0.113.7",
        **body: Any,
    ) -> creation.Created:
        loaded = CreateDeploymentSchema().load({"model": "llama3.2:1b", **body})
        return creation.create(Request(loaded, principal(user, tier), address, key, ORIGIN), self.creation)

    def set_budget(self, usd: str, user: str = "usr_a", tier: Tier = Tier.FREE) -> None:
        self.budgets.set_monthly(self.budgets.of(user, tier), Decimal(usd), tier, self.now)

    def standing(self, user: str = "usr_a") -> Standing:
        return self.spending.ledger.standing(user, self.now)

    def delete(self, deployment_id: str, user: str = "usr_a") -> mongo.Document:
        return creation.delete(deployment_id, principal(user), ORIGIN, self.creation)

    def get(self, deployment_id: str) -> mongo.Document:
        found = self.deployments.get(deployment_id)
        assert found is not None
        return found

    def statuses(self, *created: creation.Created) -> list[str]:
        return [self.get(each.deployment["_id"])["status"] for each in created]

    def handle(self, message_type: str, deployment_id: str, **data: Any) -> None:
        """Deliver one message as the worker would, over the wire form."""
        deployment = self.get(deployment_id)
        body = {"deployment_id": deployment_id, "generation": deployment["generation"], **data}
        message = outbox.compose(ORIGIN, message_type, subject=deployment_id, group=deployment_id, data=body)
        self.table[message_type](decode(outbox.encode(message)))

    def admit(self, created: creation.Created) -> None:
        self.handle(m.CREATE_REQUESTED, created.deployment["_id"], user_id=created.deployment["user_id"])

    def select(self, deployment_id: str, number: int = 1) -> None:
        self.handle(m.SELECTED, deployment_id, placement=placement(deployment_id, number))

    def provision(self, deployment_id: str, number: int = 1, **more: Any) -> None:
        self.select(deployment_id, number)
        self.handle(
            m.PROVISIONED,
            deployment_id,
            placement=placement(deployment_id, number),
            instance_id="i-1",
            address="198.51.100.4",
            **more,
        )

    def healthy(self, deployment_id: str, number: int = 1) -> None:
        self.handle(
            m.INSTANCE_HEALTHY,
            deployment_id,
            placement_id=f"{deployment_id}-{number}",
            reason="model_answers",
            detail="",
            ca_pem="PEM",
        )

    def owed(self, deployment_id: str) -> list[Message]:
        """The messages that the record's outbox holds."""
        return [decode(event["body"]) for event in self.get(deployment_id)["pending_events"]]

    def commands(self, deployment_id: str) -> list[Message]:
        return [message for message in self.owed(deployment_id) if message.type in (m.PROVISION, m.DESTROY)]


def principal(user: str = "usr_a", tier: Tier = Tier.FREE) -> Principal:
    return Principal(subject=user, session_id="ses_1", tier=tier, scope=frozenset())


def placement(deployment_id: str, number: int = 1) -> dict[str, Any]:
    return {
        "placement_id": f"{deployment_id}-{number}",
        "decision_id": "dec_1",
        "cloud": "aws",
        "region": "us-east-1",
        "zone": "us-east-1a",
        "machine": "t4g.medium",
        "spot": True,
        "hourly_usd": "0.36",
        "monthly_usd": "262.80",
    }
