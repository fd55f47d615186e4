"""Rooms: what stays together, and in which order they are handed out."""

from collections.abc import Iterator

import pytest

from tests.workers import arranged, room


class Marked:
    """As much of a collected test as its turn depends on."""

    def __init__(self, nodeid: str, *markers: str) -> None:
        self.nodeid, self._markers = nodeid, markers

    def get_closest_marker(self, name: str) -> str | None:
        return name if name in self._markers else None


def turns(*items: Marked) -> Iterator[str]:
    return (item.nodeid for item in arranged(items))  # type: ignore[arg-type]  # A stand-in, as it says.


@pytest.mark.parametrize(
    ("nodeid", "name"),
    [
        ("tests/faults/test_restarts.py::test_a", "restarts"),
        ("tests/faults/test_delays.py::test_a", "platform"),
        ("tests/e2e/test_story.py::test_a", "platform"),
        ("tests/infra/test_stacks.py::test_a[tests/x.py]", "tests/infra/"),
        ("tests/infra/local/test_edge.py::test_a", "tests/infra/local"),
        ("tests/unit/auth/test_throttle.py::test_a", "tests/unit/auth/test_throttle.py"),
    ],
)
def test_what_shares_something_is_in_one_room(nodeid: str, name: str) -> None:
    assert room(nodeid) == name


def test_the_longest_rooms_come_first_and_files_last() -> None:
    files = [
        "tests/adapters/test_store.py::test_a",
        "tests/e2e/test_story.py::test_a",
        "tests/faults/test_restarts.py::test_a",
        "tests/infra/aws/test_key.py::test_a",
        "tests/infra/test_stacks.py::test_a",
    ]

    assert list(turns(*map(Marked, files))) == [files[2], files[1], files[4], files[3], files[0]]


def test_a_room_sets_long_things_off_first_and_judges_them_last() -> None:
    here = "tests/infra/test_a.py::test_"
    items = Marked(here + "judge", "last"), Marked(here + "other"), Marked(here + "off", "first")

    assert list(turns(*items)) == [here + "off", here + "other", here + "judge"]


def test_every_test_with_a_platform_of_processes_is_in_a_room_of_one(request: pytest.FixtureRequest) -> None:
    rooms = {
        room(item.nodeid)
        for item in request.session.items
        if item.get_closest_marker("processes") and "platform" in item.fixturenames
    }

    assert rooms <= {"restarts", "platform"}
