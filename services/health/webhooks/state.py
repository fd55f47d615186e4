"""States of a webhook and of one delivery."""

from enum import StrEnum


class WebhookState(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"


class DeliveryState(StrEnum):
    """`cancelled`: the receiver asked for no more while it waited. `exhausted`: every attempt failed."""

    PENDING = "pending"
    DELIVERED = "delivered"
    EXHAUSTED = "exhausted"
    CANCELLED = "cancelled"
