"""Keeps a message with the slot that handles it: a slow handler keeps its message, and a dead one loses it."""

import threading

from contracts.topology import VISIBILITY_TIMEOUT_S
from services.chassis.errors import FOREIGN_OUTAGES, OUTAGE_RETRY_S
from services.chassis.inbox import Entry, Inbox
from services.chassis.logs import get_logger
from services.chassis.queues.port import Delivery, Queues, ReceiptExpiredError

log = get_logger(__name__)


class Heartbeat:
    """Renews while a handler runs: our claim first, and the visibility only if the claim still holds."""

    def __init__(
        self, queues: Queues, inbox: Inbox, delivery: Delivery, entry: Entry, every_s: float
    ) -> None:
        self._queues, self._inbox, self._delivery, self._entry = queues, inbox, delivery, entry
        self._every_s = every_s
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join(timeout=self._every_s)

    def _beat(self) -> None:
        pause = self._every_s
        while not self._done.wait(pause):
            pause = self._every_s
            try:
                if not self._inbox.renew(self._entry):
                    log.warning("claim_lost")
                    return
                self._queues.extend(self._delivery, visibility_s=VISIBILITY_TIMEOUT_S)
            except ReceiptExpiredError:
                log.warning("visibility_lost")
                return
            except FOREIGN_OUTAGES as error:
                # There is time for a few more tries before the claim lapses.
                pause = min(self._every_s, OUTAGE_RETRY_S)
                log.warning("heartbeat_outage", error=type(error).__name__, retry_s=pause)
