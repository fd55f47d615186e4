"""Terraform's machine-readable output, one JSON object a line.

Unknown fields and unknown types are let through: a minor version may add them. An unknown major version of the
format is refused, because then nothing that follows can be trusted to mean what it meant.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.chassis.errors import FlowLlamaError

KNOWN_MAJOR = 1
_LEVELS = {"error": "error", "warn": "warn", "warning": "warn"}


class UnknownUiVersionError(FlowLlamaError):
    """Terraform speaks a version of its output format that we don't."""


@dataclass(frozen=True)
class UiEvent:
    """One line. `outputs` are plain values; `detail` and `summary` are those of a diagnostic."""

    type: str
    level: str
    message: str
    resource: str | None = None
    summary: str = ""
    detail: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_error(self) -> bool:
        return self.type == "diagnostic" and self.level == "error"


def parse(line: str) -> UiEvent | None:
    """What a line says, or None for an empty one. Text that is no JSON comes back as an event of type `text`."""
    if not line.strip():
        return None
    try:
        raw = json.loads(line)
    except (ValueError, RecursionError):
        return UiEvent("text", "info", line.rstrip())
    if not isinstance(raw, dict) or "type" not in raw:
        return UiEvent("text", "info", line.rstrip())
    if raw["type"] == "version":
        _check_version(str(raw.get("ui", "")))
    return _event(raw)


def _check_version(version: str) -> None:
    if version.partition(".")[0] != str(KNOWN_MAJOR):
        raise UnknownUiVersionError(f"Terraform's output has version {version}; we read {KNOWN_MAJOR}.x")


def _event(raw: Mapping[str, Any]) -> UiEvent:
    diagnostic = _mapping(raw.get("diagnostic"))
    return UiEvent(
        type=str(raw["type"]),
        level=_LEVELS.get(str(diagnostic.get("severity", raw.get("@level"))), "info"),
        message=str(raw.get("@message", "")),
        resource=_address(raw, diagnostic),
        summary=str(diagnostic.get("summary", raw.get("reason", ""))),
        detail=str(diagnostic.get("detail", "")),
        outputs=_outputs(_mapping(raw.get("outputs"))),
    )


def _outputs(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """A plan announces outputs too, but has no value for them yet."""
    return {name: output["value"] for name, output in raw.items() if "value" in _mapping(output)}


def _address(raw: Mapping[str, Any], diagnostic: Mapping[str, Any]) -> str | None:
    for holder in ("hook", "change"):
        resource = _mapping(_mapping(raw.get(holder)).get("resource"))
        if "addr" in resource:
            return str(resource["addr"])
    return str(diagnostic["address"]) if diagnostic.get("address") else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
