# ruff: noqa: ARG002 - marshmallow names the arguments of its hooks.
"""How many machines serve one deployment: a range that scaling keeps within, behind one balancer."""

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, post_load, validates_schema

from contracts.http.numbers import WholeNumber
from contracts.stack_deployment import MOST_REPLICAS
from contracts.vocabulary import Exposure

_TEXT = re.compile(r"(?P<min>[0-9]{1,4})(?::(?P<max>[0-9]{1,4}))?")


class ReplicasSchema(Schema):
    """Both ends count. Without `max` the number is fixed at `min`, and without either it is one machine."""

    class Meta:
        unknown = RAISE

    min = WholeNumber(1, MOST_REPLICAS, load_default=1)
    max = WholeNumber(1, MOST_REPLICAS, load_default=None)

    @validates_schema
    def _in_order(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["max"] is not None and data["max"] < data["min"]:
            raise ValidationError(f"Must be at least min, which is {data['min']}.", "max")

    @post_load
    def _fixed_without_max(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {"min": data["min"], "max": data["min"] if data["max"] is None else data["max"]}


class ReplicasText(fields.Field[Any]):
    """The same in a query string: N, or MIN:MAX."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata={"type": "string", "description": "N, or MIN:MAX"}, **kwargs)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return value

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        match = _TEXT.fullmatch(str(value))
        if match is None:
            raise ValidationError("Must be a number of machines, or MIN:MAX.")
        return ReplicasSchema().load({name: int(text) for name, text in match.groupdict().items() if text})


def one_machine() -> dict[str, int]:
    """What holds where nothing is said."""
    return {"min": 1, "max": 1}


def check_replicas(replicas: Mapping[str, int], exposure: Exposure) -> None:
    """Raises ValidationError for several machines that nothing stands before."""
    if replicas["max"] > 1 and exposure is not Exposure.LOAD_BALANCED:
        message = f"Must be 1 with an exposure of {exposure}: several machines need load_balanced."
        raise ValidationError({"replicas": {"max": [message]}})


def least_machines(workload: Mapping[str, Any]) -> int:
    """How many machines it starts with; see `most_machines`."""
    return int((workload.get("replicas") or one_machine())["min"])


def most_machines(workload: Mapping[str, Any]) -> int:
    """How many machines a kept workload can have; one that was kept before there were replicas has one."""
    return int((workload.get("replicas") or one_machine())["max"])
