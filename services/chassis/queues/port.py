"""What we need of a broker. Adapters: `sqs` and `memory`; one conformance suite holds them all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from services.chassis.errors import FlowLlamaError


class ReceiptExpiredError(FlowLlamaError):
    """The delivery is no longer ours: its visibility timeout passed and somebody else may have it."""


@dataclass(frozen=True)
class Delivery:
    """One delivery of one message. `receive_count` is the broker's; our failures are counted in the inbox."""

    queue: str
    body: str
    group: str
    receipt: Any
    receive_count: int
    sent_at: datetime
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Depth:
    """Messages that wait, and messages that somebody holds. Brokers call both approximate."""

    visible: int
    in_flight: int


class Queues(Protocol):
    """FIFO queues: order and mutual exclusion within a group, a dedup memory of five minutes."""

    def send(
        self, queue: str, body: str, *, group: str, dedup_id: str, attributes: Mapping[str, str] | None = None
    ) -> None:
        """Accept a message for good, or raise. A dedup id seen within five minutes is accepted and dropped."""

    def receive(self, queue: str, *, wait_s: float, visibility_s: int) -> Delivery | None:
        """The oldest message of a group of which none is in flight, or None after `wait_s` seconds."""

    def ack(self, delivery: Delivery) -> None:
        """Remove it. Raises `ReceiptExpiredError` where the delivery is known to be no longer ours."""

    def retry(self, delivery: Delivery, *, after_s: float) -> None:
        """Let the same message come again after `after_s`; its group waits behind it. Never sends a copy."""

    def extend(self, delivery: Delivery, *, visibility_s: int) -> None:
        """Keep it invisible for `visibility_s` more from now. Raises `ReceiptExpiredError`."""

    def depth(self, queue: str) -> Depth:
        """How many messages it holds."""
