# ruff: noqa: ARG002 - marshmallow names the arguments of its hooks.
"""How a body asks for a GPU: nothing said, none wanted, or a kind and a number of them."""

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields

from contracts.vocabulary import GpuKind

NO_GPU = "none"
_MAX_COUNT = 8
_KINDS = ", ".join(GpuKind)
_TEXT = re.compile(r"(?P<kind>[A-Za-z0-9-]+)(?::(?P<count>[0-9]{1,2}))?")


_OPENAPI = [
    {"type": "null"},
    {"type": "string", "description": "none, KIND or KIND:COUNT"},
    {
        "type": "object",
        "required": ["kind"],
        "properties": {
            "kind": {"type": "string", "enum": [kind.value for kind in GpuKind]},
            "count": {"type": ["integer", "null"], "minimum": 1, "maximum": _MAX_COUNT},
        },
    },
]


class GpuRequest(fields.Field[Any]):
    """Loads to None (no preference), "none" (CPU only) or {"kind": GpuKind, "count": int | None}.

    The short forms "L4" and "L4:2" are read too and become the object; a missing count means any number.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata={"anyOf": _OPENAPI}, **kwargs)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return value

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        if value == NO_GPU:
            return NO_GPU
        if isinstance(value, str):
            return _from_text(value)
        if isinstance(value, dict):
            return _from_object(value)
        raise ValidationError(f'Must be null, "{NO_GPU}" or an object with kind ({_KINDS}) and count.')


def _from_text(value: str) -> dict[str, Any]:
    match = _TEXT.fullmatch(value)
    if match is None:
        raise ValidationError(f'Must be "{NO_GPU}", KIND or KIND:COUNT with KIND one of {_KINDS}.')
    count = match["count"]
    return {"kind": _kind(match["kind"]), "count": None if count is None else _count(int(count))}


def _from_object(value: dict[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(value) - {"kind", "count"})
    if unknown:
        raise ValidationError({name: ["Unknown field."] for name in unknown})
    if "kind" not in value:
        raise ValidationError({"kind": [f"Must be one of: {_KINDS}."]})
    count = value.get("count")
    return {"kind": _kind(value["kind"]), "count": None if count is None else _count(count)}


def _kind(value: Any) -> GpuKind:
    try:
        return GpuKind(value)
    except ValueError as error:
        raise ValidationError({"kind": [f"Must be one of: {_KINDS}."]}) from error


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MAX_COUNT:
        raise ValidationError({"count": [f"Must be a whole number from 1 to {_MAX_COUNT}."]})
    return value
