"""The map and the services agree: who receives a message has a handler for it, and no other."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from contracts import topology
from contracts.messages import MESSAGES, PROVISION
from contracts.topology import QUEUES, ROUTES
from contracts.vocabulary import Tier
from services.agent import handlers as agent
from services.deployments import handlers as deployments
from services.health import handlers as health

# One list: a service that comes to receive messages joins here.
TABLES: Mapping[str, Mapping[str, Any]] = {
    "deployments": deployments.HANDLERS,
    "agent": agent.HANDLERS,
    "health": health.HANDLERS,
}


@pytest.mark.parametrize("service", sorted(TABLES))
def test_a_service_handles_exactly_what_it_receives(service: str) -> None:
    assert set(TABLES[service]) == topology.messages_received_by(service)


def test_every_receiver_has_a_table() -> None:
    assert {queue.receiver for queue in QUEUES} == set(TABLES)


def test_every_message_has_a_route_and_every_route_a_message() -> None:
    assert set(ROUTES) == set(MESSAGES)


def test_no_message_goes_nowhere_and_no_queue_stays_empty() -> None:
    assert all(route.queues for route in ROUTES.values())
    assert {queue for route in ROUTES.values() for queue in route.queues} == set(QUEUES)


def test_every_queue_has_a_dead_letter_queue_of_its_own() -> None:
    names = [name for queue in QUEUES for name in (queue.name, queue.dead_letter)]

    assert len(names) == len(set(names)) == 2 * len(QUEUES)


def test_every_name_is_one_that_sqs_takes() -> None:
    for queue in QUEUES:
        for name in (queue.name, queue.dead_letter):
            assert re.fullmatch(r"[A-Za-z0-9_-]{1,75}\.fifo", name)


def test_a_command_follows_the_tier_it_was_released_under() -> None:
    free, paid = (topology.queues_for(PROVISION, {"tier": tier.value}) for tier in (Tier.FREE, Tier.PAID))

    assert [queue.name for queue in (*free, *paid)] == [
        "agent-commands-free.fifo",
        "agent-commands-paid.fifo",
    ]


def test_types_say_their_version() -> None:
    assert all(re.fullmatch(r"[a-z_]+(\.[a-z_]+)+\.v[1-9][0-9]*", name) for name in MESSAGES)


def test_times_fit_into_each_other() -> None:
    """A claim lapses before its message is visible again, and is renewed twice before it lapses."""
    assert topology.HEARTBEAT_S * 2 < topology.LEASE_S < topology.VISIBILITY_TIMEOUT_S
    assert topology.MAX_FAILURES < topology.MAX_DEFERRALS < topology.BROKER_MAX_RECEIVES
