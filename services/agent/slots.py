"""Which queue a slot looks at first. One in four looks at the free tier's, so that paying users can't starve it.

Slots come in groups of four, the last of which always begins with the free queue; a slot beside full groups does so
every fourth time. With the worker's poll of a second at most, that is the bound: a free command waits for at most
three others of its slot, or for the fourth slot's current one.
"""

from collections.abc import Sequence
from itertools import count

from contracts.topology import AGENT_COMMANDS_FREE, AGENT_COMMANDS_PAID, Queue
from services.chassis.worker import Chooser

PAID_FIRST = (AGENT_COMMANDS_PAID, AGENT_COMMANDS_FREE)
FREE_FIRST = (AGENT_COMMANDS_FREE, AGENT_COMMANDS_PAID)
GROUP = 4


def choosers(slots: int) -> Sequence[Chooser]:
    """One for each slot."""
    in_groups = slots - slots % GROUP
    return [_of_group(index) if index < in_groups else _alternating() for index in range(slots)]


def _of_group(index: int) -> Chooser:
    order = FREE_FIRST if index % GROUP == GROUP - 1 else PAID_FIRST
    return lambda: order


def _alternating() -> Chooser:
    turns = count(1)
    return lambda: FREE_FIRST if next(turns) % GROUP == 0 else PAID_FIRST


def all_queues() -> Sequence[Queue]:
    return PAID_FIRST
