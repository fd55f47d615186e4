"""What apispec needs to know of fields that it does not know."""

from typing import Any

from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import fields

from contracts.http.gpu import NO_GPU, GpuRequest
from contracts.http.numbers import UsdAmount, UsdNumber
from contracts.vocabulary import GpuKind

_PYTHON_END = r"\Z"
_DECIMAL = r"^-?[0-9]+(\.[0-9]+)?$"


def add_fields(plugin: MarshmallowPlugin) -> None:
    """Teach a plugin our own fields; call it before the first schema."""
    converter: Any = plugin.converter  # Untyped, and there once a document was made with the plugin.
    converter.add_attribute_function(_decimal_strings)
    converter.add_attribute_function(_gpu_request)


def corrected(schema: Any) -> Any:
    """The same schema, where apispec's words are not those of JSON Schema.

    Our patterns match from the start and end in Python's `\\Z`; a mapping has properties and no length.
    """
    if isinstance(schema, list):
        return [corrected(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    fixed = {name: corrected(value) for name, value in schema.items()}
    if isinstance(fixed.get("pattern"), str):
        fixed["pattern"] = _whole(fixed["pattern"])
    if fixed.get("type") == "object" and "maxLength" in fixed:
        fixed["maxProperties"] = fixed.pop("maxLength")
    return fixed


def _whole(pattern: str) -> str:
    if pattern.startswith("^") and pattern.endswith("$"):
        return pattern
    return f"^(?:{pattern.removeprefix('^').removesuffix(_PYTHON_END).removesuffix('$')})$"


def _decimal_strings(_: Any, field: fields.Field[Any], **__: Any) -> dict[str, Any]:
    """Money travels as a decimal string; requests may also hold a number."""
    if not isinstance(field, fields.Decimal) or isinstance(field, UsdNumber) or not field.as_string:
        return {}
    null = ["null"] if field.allow_none else []
    if isinstance(field, UsdAmount):
        return {"type": ["string", "number", *null], "pattern": _DECIMAL}
    return {"type": ["string", *null] if null else "string", "pattern": _DECIMAL}


def _gpu_request(_: Any, field: fields.Field[Any], **__: Any) -> dict[str, Any]:
    if not isinstance(field, GpuRequest):
        return {}
    kinds = [kind.value for kind in GpuKind]
    wanted = {
        "type": "object",
        "required": ["kind"],
        "additionalProperties": False,
        "properties": {
            "kind": {"type": "string", "enum": kinds},
            "count": {"type": ["integer", "null"], "minimum": 1, "maximum": 8},
        },
    }
    short = {"type": "string", "pattern": f"^({'|'.join(kinds)})(:[1-8])?$"}
    return {"anyOf": [{"type": "null"}, {"const": NO_GPU}, wanted, short]}
