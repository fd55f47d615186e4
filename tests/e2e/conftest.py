from collections.abc import Iterator

import pytest

from tests.e2e.platform import Platform, running


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """One platform for the whole session; tests leave nothing behind in it."""
    with running() as started:
        yield started
