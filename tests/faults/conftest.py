"""Faults are injected into the same platform the end-to-end tests use."""

from tests.e2e.conftest import platform

__all__ = ["platform"]
