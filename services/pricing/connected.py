"""Which networks are connected, asked of the store at most every few seconds."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pymongo.errors import PyMongoError

from services.chassis.logs import get_logger
from services.pricing.networks import by_region

# Reads the records of connected networks.
Ask = Callable[[], Sequence[Mapping[str, Any]]]

log = get_logger(__name__)

KEEP_S = 5.0


class ConnectedRegions:
    """An estimate must not wait for the store, nor fail with it: then nobody knows, and it says so."""

    def __init__(self, ask: Ask, seconds: Callable[[], float] = time.monotonic) -> None:
        self._ask, self._seconds = ask, seconds
        self._known: Mapping[str, Mapping[str, Any]] | None = None
        self._asked_at = -KEEP_S

    def networks(self, *, fresh: bool = False) -> Mapping[str, Mapping[str, Any]] | None:
        """The network to build in, by region; None where the store does not answer. `fresh` asks again, for a question
        that hangs on it."""
        now = self._seconds()
        if fresh or now - self._asked_at >= KEEP_S:
            self._asked_at = now
            try:
                self._known = by_region(self._ask())
            except PyMongoError as error:
                log.warning("networks_unreadable", error=type(error).__name__)
                self._known = None
        return self._known
