"""Builders of what health handles: messages, records, sealed secrets, a clock that is turned by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.fernet import Fernet

from contracts import messages as m
from contracts.envelope import Message, decode, encode
from services.chassis import outbox
from services.chassis.outbox import Origin
from services.chassis.sealing import Sealer

DEPLOYMENT = "dep_01j0000000000000000000000a"
USER = "usr_01j0000000000000000000000a"
WEBHOOK = "whk_01j0000000000000000000000a"
TOKEN = "fll_health-token-of-the-tests-0123456789abcdefghij"
MODEL = "llama3.2:1b"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="

SEALER = Sealer([Fernet.generate_key().decode()])


class TurnedClock:
    """Time stands until a test moves it."""

    def __init__(self, now: datetime | None = None) -> None:
        self.now = now or datetime.now(UTC).replace(microsecond=0)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


def launched(number: int = 1, **changes: Any) -> Message:
    data = {
        "deployment_id": DEPLOYMENT,
        "generation": 1,
        "user_id": USER,
        "placement_id": f"{DEPLOYMENT}-{number}",
        "cloud": "aws",
        "region": "us-east-1",
        "instance_id": f"i-{number:017x}",
        "address": "127.0.0.1",
        "port": 11434,
        "model": MODEL,
        "health_token_sealed": SEALER.seal(TOKEN),
        **changes,
    }
    return received(m.INSTANCE_LAUNCHED, data)


def removed(number: int = 1) -> Message:
    data = {"deployment_id": DEPLOYMENT, "generation": 1, "placement_id": f"{DEPLOYMENT}-{number}"}
    return received(m.INSTANCE_REMOVED, data)


def registered(url: str, webhook_id: str = WEBHOOK, **changes: Any) -> Message:
    data = {
        "webhook_id": webhook_id,
        "deployment_id": DEPLOYMENT,
        "user_id": USER,
        "url": url,
        "secret_sealed": SEALER.seal(SECRET),
        **changes,
    }
    return received(m.WEBHOOK_REGISTERED, data)


def status(sequence: int = 1, **changes: Any) -> Message:
    data = {
        "deployment_id": DEPLOYMENT,
        "generation": 1,
        "user_id": USER,
        "name": "my-llama",
        "status": "running",
        "previous": "starting",
        "reason": "model_answers",
        "detail": None,
        "occurred_at": "2026-01-02T03:04:05.678000+00:00",
        "sequence": sequence,
        **changes,
    }
    return received(m.STATUS_CHANGED, data)


def received(kind: str, data: dict[str, Any]) -> Message:
    """As the worker hands it over: over the wire and back."""
    group = data["deployment_id"]
    return decode(
        encode(outbox.compose(Origin("test", "req_1"), kind, subject=group, group=group, data=data))
    )


def pending(record: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Type and data of the events a record still owes, oldest first."""
    messages = [decode(event["body"]) for event in record["pending_events"]]
    return [(message.type, dict(message.data)) for message in messages]
