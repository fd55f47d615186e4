"""Everything between a status change and a receiver; the clock is turned."""

import ipaddress
import json
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

from standardwebhooks import Webhook

from services.chassis.mongo import Store, declare
from services.health import handlers
from services.health.handlers import Ports
from services.health.instances import Instances
from services.health.store import COLLECTIONS
from services.health.webhooks.deliverer import Deliverer
from services.health.webhooks.deliveries import Deliveries
from services.health.webhooks.sender import Sender
from tests.adapters.health.receiver import Received, Receiver
from tests.unit.health.builders import SEALER, SECRET, WEBHOOK, TurnedClock, registered, status

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


class Post:
    """Everything between a message and a receiver."""

    def __init__(self, store: Store, owner: str = "first", sender: Any = None) -> None:
        declare(store, COLLECTIONS)
        self.clock = TurnedClock()
        self.deliveries = Deliveries(store)
        self.rows = store["webhook_deliveries"]
        self.ports = Ports(Instances(store), self.deliveries, LOOPBACK, self.clock)
        self.deliverer = Deliverer(
            deliveries=self.deliveries,
            sender=sender or Sender(LOOPBACK, timeout_s=2),
            sealer=SEALER,
            clock=self.clock,
            owner=owner,
            threads=8,
            jitter=lambda: 0.0,
        )

    def register(self, url: str, **changes: Any) -> None:
        handlers.webhook_registered(registered(url, **changes), ports=self.ports)

    def tell(self, *sequences: int, **changes: Any) -> None:
        for sequence in sequences:
            handlers.status_changed(status(sequence, **changes), ports=self.ports)

    def deliver(self) -> None:
        """Send everything that is due now."""
        with ThreadPoolExecutor(8) as pool:
            while futures := self.deliverer.submit_due(pool):
                wait(futures)
                for future in futures:
                    future.result()

    def row(self, sequence: int = 1) -> dict[str, Any]:
        found: dict[str, Any] | None = self.rows.find_one({"_id": f"{WEBHOOK}:{sequence}"})
        assert found is not None
        return found


def verified(got: Received) -> dict[str, Any]:
    body: dict[str, Any] = Webhook(SECRET).verify(got.body, got.headers)
    return body


def sequences(receiver: Receiver) -> list[int]:
    return [json.loads(got.body)["data"]["sequence"] for got in receiver.received]
