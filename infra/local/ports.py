"""Every local port, derived from the edge's."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Ports:
    edge: int
    auth: int
    deployments: int
    pricing: int
    health: int
    agent: int
    deployments_worker: int
    store: int
    queues: int
    cloud: int


def ports_from(base: int) -> Ports:
    """The platform's services follow the base port directly; what stands in for the cloud starts at base + 11."""
    return Ports(
        edge=base,
        auth=base + 1,
        deployments=base + 2,
        pricing=base + 3,
        health=base + 4,
        agent=base + 5,
        deployments_worker=base + 6,
        store=base + 11,
        queues=base + 12,
        cloud=base + 13,
    )
