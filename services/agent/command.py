"""A command as the agent works with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from contracts import messages as m
from contracts.envelope import Message
from services.chassis.outbox import Origin

SERVICE = "agent"


class Kind(StrEnum):
    PROVISION = "provision"
    DESTROY = "destroy"


@dataclass(frozen=True)
class Command:
    """`data` is the validated content of the message."""

    id: str
    kind: Kind
    deployment_id: str
    generation: int
    user_id: str
    data: Mapping[str, Any]
    origin: Origin

    @staticmethod
    def of(message: Message) -> "Command":
        data = message.data
        return Command(
            id=data["command_id"],
            kind=Kind.PROVISION if message.type == m.PROVISION else Kind.DESTROY,
            deployment_id=data["deployment_id"],
            generation=data["generation"],
            user_id=data["user_id"],
            data=data,
            origin=Origin.of(SERVICE, message),
        )
