"""The message table, from the topology that services and infrastructure read."""

from collections.abc import Iterator, Mapping, Sequence

from contracts import topology
from contracts.messages import MESSAGES
from contracts.topology import Route
from docs.generate.text import MADE, first_line, table

_INTRO = """# Messages

Messages are CloudEvents 1.0 in structured JSON; their data is described by one
[JSON Schema each](schemas/), the envelope by [envelope.json](schemas/envelope.json). Every queue is FIFO and has a
dead-letter queue. Receivers ignore unknown fields; a breaking change is a new type.

"""


def files(folder: str) -> Mapping[str, str]:
    return {f"{folder}/topology.md": MADE + _INTRO + _messages() + "\n" + _queues() + "\n" + _limits()}


def _messages() -> str:
    head = ("Type", "Sender", "Receivers", "Queue", "Dead-letter queue", "Ordering key", "Purpose")
    return "## By message\n\n" + table(head, _rows())


def _rows() -> Iterator[Sequence[str]]:
    for name, route in topology.ROUTES.items():
        yield (
            f"[`{name}`](schemas/{name}.json)",
            route.sender,
            ", ".join(sorted({queue.receiver for queue in route.queues})),
            _listed(route, [queue.name for queue in route.queues]),
            _listed(route, [queue.dead_letter for queue in route.queues]),
            ", ".join(sorted({queue.group for queue in route.queues})),
            first_line(MESSAGES[name]),
        )


def _listed(route: Route, names: Sequence[str]) -> str:
    """A command goes to one of its queues, by the user's tier; everything else to all of them."""
    return (" or " if route.by_tier else ", ").join(f"`{name}`" for name in names)


def _queues() -> str:
    rows = [
        (
            f"`{queue.name}`",
            f"`{queue.dead_letter}`",
            queue.receiver,
            queue.group,
            str(sum(queue in route.queues for route in topology.ROUTES.values())),
        )
        for queue in topology.QUEUES
    ]
    return "## By queue\n\n" + table(
        ("Queue", "Dead-letter queue", "Receiver", "Ordering key", "Types"), rows
    )


def _limits() -> str:
    rows = [
        ("Failures before a message is dead-lettered", str(topology.MAX_FAILURES)),
        ("Deferrals before it is", str(topology.MAX_DEFERRALS)),
        ("Visibility timeout", f"{topology.VISIBILITY_TIMEOUT_S} s"),
        ("Lease on a message in hand", f"{topology.LEASE_S} s"),
        ("Heartbeat that renews both", f"every {topology.HEARTBEAT_S} s"),
        ("Receives before the broker itself gives up", str(topology.BROKER_MAX_RECEIVES)),
        ("Retention", f"{topology.RETENTION_DAYS} days"),
    ]
    return "## Limits\n\n" + table(("What", "Value"), rows)
