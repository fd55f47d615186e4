"""The bound on starvation: one slot in four looks at the free tier's queue first."""

from collections import Counter

import pytest

from contracts.topology import AGENT_COMMANDS_FREE, AGENT_COMMANDS_PAID
from services.agent.slots import choosers
from services.chassis.queues.memory import MemoryQueues
from services.chassis.worker import POLL_S


@pytest.mark.parametrize("slots", [1, 2, 3, 4, 6, 8])
def test_a_quarter_of_all_looks_begins_with_the_free_queue(slots: int) -> None:
    looks = Counter(choose()[0].name for choose in choosers(slots) for _ in range(40))

    assert looks[AGENT_COMMANDS_FREE.name] == slots * 10


@pytest.mark.parametrize("slots", [1, 2, 4])
def test_a_free_command_is_taken_within_four_turns_of_a_paid_flood(slots: int) -> None:
    queues = MemoryQueues()
    for number in range(200):
        queues.send(AGENT_COMMANDS_PAID.name, "paid", group=f"p{number}", dedup_id=f"p{number}")
    queues.send(AGENT_COMMANDS_FREE.name, "free", group="f", dedup_id="f")

    turns, taken = choosers(slots), []
    for _ in range(4):
        taken += [_receive(queues, choose()) for choose in turns]

    assert "free" in taken


@pytest.mark.parametrize("slots", [1, 4])
def test_paid_commands_never_wait_for_an_empty_free_queue(slots: int) -> None:
    queues = MemoryQueues()
    for number in range(8):
        queues.send(AGENT_COMMANDS_PAID.name, "paid", group=f"p{number}", dedup_id=f"p{number}")

    taken = [_receive(queues, choose()) for choose in choosers(slots) for _ in range(8 // slots)]

    assert taken == ["paid"] * 8


def test_no_slot_polls_longer_than_a_second() -> None:
    assert POLL_S <= 1


def _receive(queues: MemoryQueues, order: object) -> str | None:
    for queue in order:
        delivery = queues.receive(queue.name, wait_s=0, visibility_s=60)
        if delivery is not None:
            return delivery.body
    return None
