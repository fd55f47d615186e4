"""Faults of the cloud's API: chosen calls answer with an error, slowly, or not at all, a given number of times."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from marshmallow import RAISE, Schema, fields, post_load, validate

DROP = "ConnectionDropped"

# HTTP status of each error as EC2 answers it: capacity and throttling are 5xx, and SDKs retry those.
STATUS_OF = {
    "InsufficientInstanceCapacity": 500,
    "InternalError": 500,
    "RequestLimitExceeded": 503,
    "Unavailable": 503,
    "UnauthorizedOperation": 403,
    "InstanceLimitExceeded": 400,
    "VcpuLimitExceeded": 400,
    "MaxSpotInstanceCountExceeded": 400,
    "SpotMaxPriceTooLow": 400,
    "Unsupported": 400,
}


@dataclass
class Fault:
    """`match` names request parameters as EC2 spells them. `after` lets the call happen and loses its answer."""

    action: str
    code: str | None = None
    times: int = 1
    match: Mapping[str, str] = field(default_factory=dict)
    after: bool = False
    delay_s: float = 0.0

    def hits(self, parameters: Mapping[str, str]) -> bool:
        if self.times < 1 or parameters.get("Action") != self.action:
            return False
        return all(parameters.get(name) == value for name, value in self.match.items())


class FaultSchema(Schema):
    class Meta:
        unknown = RAISE

    action = fields.String(required=True, validate=validate.Length(1, 64))
    code = fields.String(load_default=None, validate=validate.OneOf([*STATUS_OF, DROP]))
    times = fields.Integer(strict=True, load_default=1, validate=validate.Range(1, 1_000_000))
    match = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)
    after = fields.Boolean(load_default=False)
    delay_s = fields.Float(load_default=0.0, validate=validate.Range(0, 600))

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Fault:
        return Fault(**data)


class Faults:
    """The faults armed now. Calls come from many threads, so each hit is counted under a lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: list[Fault] = []

    def arm(self, fault: Fault) -> None:
        with self._lock:
            self._armed.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._armed.clear()

    def take(self, parameters: Mapping[str, str]) -> Fault | None:
        """The first armed fault this call meets, counted down; None for nearly every call."""
        with self._lock:
            for fault in self._armed:
                if fault.hits(parameters):
                    fault.times -= 1
                    self._armed = [one for one in self._armed if one.times > 0]
                    return fault
        return None
