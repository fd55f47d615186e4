"""The agent of the unit tests, over adapters that are real."""

from tests.unit.agent.conftest import world

__all__ = ["world"]
