"""Which tests share a worker when several run side by side (`make test`), and which start first.

A room is what one worker runs from beginning to end: tests that share something slow to start, much memory or
loopback addresses. Every other file may go to any worker, so its tests must not mind which others run beside them.
"""

from collections.abc import Iterable

import pytest
from xdist.scheduler import LoadScopeScheduling

INFRA = "tests/infra/"
# The longest come first, so that none is left alone at the end. The first place that a test lies in decides.
ROOMS = {
    # Two platforms: in this one a test waits for leases to end, in the other the rest have their turns.
    "restarts": ("tests/faults/test_restarts.py",),
    "platform": ("tests/faults/", "tests/e2e/"),
}


class Rooms(LoadScopeScheduling):
    """Hands out whole rooms and files, in the order in which the tests were collected."""

    def _split_scope(self, nodeid: str) -> str:
        return room(nodeid)


def room(nodeid: str) -> str:
    """The room of a test, or its file where it needs none.

    Each folder of `tests/infra` is a room, and so is what lies beside them: who has loaded the bindings of a cloud
    holds half a gigabyte, and the emulator's machines answer at fixed addresses.
    """
    file = nodeid.partition("::")[0]
    if file.startswith(INFRA):
        folder, inside, _ = file.removeprefix(INFRA).partition("/")
        return INFRA + folder if inside else INFRA
    return next((name for name, places in ROOMS.items() if file.startswith(places)), file)


def arranged(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Rooms before files. In a room, what sets something long off comes first, and what looks at its end last."""
    return sorted(items, key=_turn)


def _turn(item: pytest.Item) -> tuple[int, int]:
    name = room(item.nodeid)
    longest = [*ROOMS, INFRA]
    rank = longest.index(name) if name in longest else len(longest) + (not name.startswith(INFRA))
    return rank, int(_marked(item, "last")) - int(_marked(item, "first"))


def _marked(item: pytest.Item, name: str) -> bool:
    return item.get_closest_marker(name) is not None
