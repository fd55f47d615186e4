"""The roles of the services, as their code calls the cloud: queues by the topology, secrets, states and Google's market."""

from collections.abc import Mapping

from contracts.topology import ROUTES, Queue, queues_received_by
from infra.cdktf.constructs.gcp.roles import Role
from infra.cdktf.processes import DEPLOYMENTS, Process

STATES = "placements/"

SEND = Role(
    "send",
    "FlowLlama: send messages",
    {
        "pubsub.topics.publish": "Sends what the topology has it send, and what is given up to the dead letters."
    },
)
RECEIVE = Role(
    "receive",
    "FlowLlama: receive messages",
    {
        "pubsub.subscriptions.consume": "Takes messages from its own queues, keeps them while they are worked on, "
        "and acknowledges them.",
    },
)
READ_SECRET = Role(
    "read-secret",
    "FlowLlama: read a secret",
    {
        "secretmanager.versions.access": "Cloud Run puts the secrets of a process into its environment as its account."
    },
)
LIST_STATES = Role(
    "list-states",
    "FlowLlama agent: list states",
    {"storage.objects.list": "Finds the state that an earlier run of the placement left."},
)
KEEP_STATES = Role(
    "keep-states",
    "FlowLlama agent: keep states",
    {
        "storage.objects.get": "Reads Terraform's state of a placement.",
        "storage.objects.create": "Writes the state and its lock.",
        "storage.objects.delete": "Replaces a state, takes a lock away, and forgets placements that are proved gone.",
    },
)
READ_MARKET = Role(
    "read-market",
    "FlowLlama pricing: read zones and quotas",
    {
        "compute.machineTypes.list": "Sees which zones have a machine, so that none is offered where there is none.",
        "compute.acceleratorTypes.list": "Sees which zones have a GPU.",
        "compute.regions.get": "Reads the project's limits, so that no machine is chosen that would be refused.",
    },
)
ROLES: tuple[Role, ...] = (SEND, RECEIVE, READ_SECRET, LIST_STATES, KEEP_STATES, READ_MARKET)


def sent_to(process: Process) -> Mapping[Queue, bool]:
    """The queues that a process sends to; True where it also gives dead letters up.

    An API only sends. A worker also sends again what its own queue lost, and gives up what it can't handle.
    """
    if not queues_received_by(process.service):
        return {}
    sent = {queue for route in ROUTES.values() if route.sender == process.service for queue in route.queues}
    own = received_by(process)
    return {queue: queue in own for queue in sorted({*sent, *own}, key=lambda queue: queue.name)}


def received_by(process: Process) -> tuple[Queue, ...]:
    return () if process == DEPLOYMENTS else queues_received_by(process.service)


def states_only(bucket: str) -> str:
    """The condition of who may touch states, and nothing else in their bucket."""
    return f'resource.name.startsWith("projects/_/buckets/{bucket}/objects/{STATES}")'


def states_listed_only() -> str:
    return f"api.getAttribute('storage.googleapis.com/objectListPrefix', '').startsWith('{STATES}')"
