"""The progress of a run for people to follow: bounded lines that hold no secret."""

import re

from services.agent.store import RUN_LOGS
from services.agent.ui_stream import UiEvent
from services.chassis.clock import Clock, utc_now
from services.chassis.mongo import Document, Store

LONGEST_MESSAGE = 2000
_TOKEN = re.compile(r"\bfll_[A-Za-z0-9_-]{16,}")


class RunLogs:
    def __init__(self, store: Store, clock: Clock = utc_now) -> None:
        self._records = store[RUN_LOGS.name]
        self._clock = clock

    def write(self, placement: Document, epoch: int, event: UiEvent) -> None:
        self._records.insert_one(
            {
                "deployment_id": placement["deployment_id"],
                "placement_id": placement["_id"],
                "epoch": epoch,
                "at": self._clock(),
                "level": event.level,
                "type": event.type,
                "resource": event.resource,
                "message": harmless(event.message),
            }
        )


def harmless(message: str) -> str:
    """Cut to its bound, instance tokens blotted out. None should ever get here; this is the second lock."""
    return _TOKEN.sub("[redacted]", message)[:LONGEST_MESSAGE]
