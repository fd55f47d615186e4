"""The one map of the system: message → sender → receivers → queue → dead-letter queue.

Services send and receive by it, infrastructure creates queues from it, tests and documentation read it.
Adding an event takes four steps: a schema in `messages.py`, a route here, a handler in the receiver's table,
and a line in the flow test. No infrastructure changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts import messages as m
from contracts.vocabulary import Tier

MAX_FAILURES = 3  # Handled failures before a message is dead-lettered; crashes and deferrals do not count.
MAX_DEFERRALS = 50  # Deferrals before a deployment needs attention.
VISIBILITY_TIMEOUT_S = 60
LEASE_S = 45
HEARTBEAT_S = 15
BROKER_MAX_RECEIVES = 1000  # The broker's own dead-letter rule is only a distant back-stop.
RETENTION_DAYS = 14


@dataclass(frozen=True)
class Queue:
    """A FIFO queue with one receiving service. `group` says what its ordering key is.

    `from_cloud`: the cloud itself sends to it. It names no deduplication id, so the broker makes one of the content.
    """

    name: str
    receiver: str
    group: str
    from_cloud: bool = False

    @property
    def dead_letter(self) -> str:
        return self.name.removesuffix(".fifo") + "-dlq.fifo"


DEPLOYMENT_REQUESTS = Queue("deployment-requests.fifo", "deployments", "user id")
AGENT_COMMANDS_PAID = Queue("agent-commands-paid.fifo", "agent", "deployment id")
AGENT_COMMANDS_FREE = Queue("agent-commands-free.fifo", "agent", "deployment id")
DEPLOYMENTS_EVENTS = Queue("deployments-events.fifo", "deployments", "deployment id")
HEALTH_EVENTS = Queue(
    "health-events.fifo",
    "health",
    "deployment id; user id where it is about an account; one for all notices of the cloud",
    from_cloud=True,
)

QUEUES: tuple[Queue, ...] = (
    DEPLOYMENT_REQUESTS,
    AGENT_COMMANDS_PAID,
    AGENT_COMMANDS_FREE,
    DEPLOYMENTS_EVENTS,
    HEALTH_EVENTS,
)

AGENT_QUEUE_OF_TIER: Mapping[Tier, Queue] = {
    Tier.PAID: AGENT_COMMANDS_PAID,
    Tier.FREE: AGENT_COMMANDS_FREE,
}


@dataclass(frozen=True)
class Route:
    """One message type's way. Where `by_tier` holds, one of the queues is chosen at release."""

    sender: str
    queues: tuple[Queue, ...]
    by_tier: bool = False


_TO_AGENT = (AGENT_COMMANDS_PAID, AGENT_COMMANDS_FREE)

ROUTES: Mapping[str, Route] = {
    m.CREATE_REQUESTED: Route("deployments", (DEPLOYMENT_REQUESTS,)),
    m.DELETE_REQUESTED: Route("deployments", (DEPLOYMENT_REQUESTS,)),
    m.PROVISION: Route("deployments", _TO_AGENT, by_tier=True),
    m.DESTROY: Route("deployments", _TO_AGENT, by_tier=True),
    m.SELECTED: Route("agent", (DEPLOYMENTS_EVENTS,)),
    m.PROVISIONED: Route("agent", (DEPLOYMENTS_EVENTS,)),
    m.FAILED: Route("agent", (DEPLOYMENTS_EVENTS,)),
    m.DESTROYED: Route("agent", (DEPLOYMENTS_EVENTS,)),
    m.INSTANCE_LAUNCHED: Route("agent", (HEALTH_EVENTS,)),
    m.INSTANCE_REMOVED: Route("agent", (HEALTH_EVENTS,)),
    m.INSTANCE_HEALTHY: Route("health", (DEPLOYMENTS_EVENTS,)),
    m.INSTANCE_UNHEALTHY: Route("health", (DEPLOYMENTS_EVENTS,)),
    m.INSTANCE_TERMINATED: Route("health", (DEPLOYMENTS_EVENTS,)),
    m.INTERRUPTION_ANNOUNCED: Route("cloud", (HEALTH_EVENTS,)),
    m.WEBHOOK_REGISTERED: Route("deployments", (HEALTH_EVENTS,)),
    m.STATUS_CHANGED: Route("deployments", (HEALTH_EVENTS,)),
    m.BUDGET_THRESHOLD_REACHED: Route("deployments", (HEALTH_EVENTS,)),
}


def queues_for(message_type: str, data: Mapping[str, Any]) -> tuple[Queue, ...]:
    """The queues a message goes to; a command's queue follows the tier it was released under."""
    route = ROUTES[message_type]
    if route.by_tier:
        return (AGENT_QUEUE_OF_TIER[Tier(data["tier"])],)
    return route.queues


def queues_received_by(service: str) -> tuple[Queue, ...]:
    return tuple(queue for queue in QUEUES if queue.receiver == service)


def messages_received_by(service: str) -> frozenset[str]:
    """The types a service must have a handler for; a test holds each handler table against it."""
    return frozenset(
        name for name, route in ROUTES.items() if any(queue.receiver == service for queue in route.queues)
    )
