"""Which tests share a worker when several run side by side (`make test`), and which start first.

A room is what one worker runs from beginning to end: tests that share something slow to start, much memory or
loopback addresses. Every other file may go to any worker, so its tests must not mind which others run beside them.
"""

from collections.abc import Iterable

import pytest
from xdist.scheduler import LoadScopeScheduling

# The first place that a test lies in decides; the longest come first, so that none is left alone at the end.
ROOMS = {
    # Two platforms: in one, a test waits for leases to end; in the other the rest have their turns.
    "restarts": ("tests/faults/test_restarts.py",),
    # The emulator's machines answer at fixed loopback addresses.
    "emulator": ("tests/infra/local/",),
    # Supervised children need neither a cloud's bindings nor the emulator.
    "supervisor": ("tests/infra/agent/",),
    # A process that has loaded the bindings of a cloud holds a gigabyte.
    "stacks": ("tests/infra/",),
    "platform": ("tests/faults/", "tests/e2e/"),
}
STARTS = ("restarts", "stacks", "platform", "emulator", "supervisor")


class Rooms(LoadScopeScheduling):
    """Hands out whole rooms and files, in the order in which the tests were collected."""

    def _split_scope(self, nodeid: str) -> str:
        return room(nodeid)


def room(nodeid: str) -> str:
    """The room of a test, or its file where it needs none."""
    file = nodeid.partition("::")[0]
    return next((name for name, places in ROOMS.items() if file.startswith(places)), file)


def arranged(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Rooms before files. In a room, what sets something long off comes first, and what looks at its end last."""
    return sorted(items, key=_turn)


def _turn(item: pytest.Item) -> tuple[int, int]:
    name = room(item.nodeid)
    rank = STARTS.index(name) if name in STARTS else len(STARTS)
    return rank, int(_marked(item, "last")) - int(_marked(item, "first"))


def _marked(item: pytest.Item, name: str) -> bool:
    return item.get_closest_marker(name) is not None
