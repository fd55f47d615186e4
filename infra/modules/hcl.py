"""Documents as HCL. python-hcl2 parses every expression and lays the text out; `terraform fmt` has the last word."""

from collections.abc import Iterable, Mapping
from typing import Any

import hcl2
from hcl2.deserializer import DeserializerOptions

from infra.modules import expression, layout
from infra.modules.values import Block, Blocks, Body, Thing

_ORDER = {
    "source": -3,
    "count": -2,
    "for_each": -2,
    "provider": -2,
    "name": -1,
    "bucket": -1,
    "tags": 1,
    "labels": 1,
    "depends_on": 2,
}
_BARE_LISTS = ("depends_on", "ignore_changes", "replace_triggered_by")


def block(kind: str, labels: Iterable[str], body: Mapping[str, Any]) -> str:
    """One top-level block; its values as in `infra.modules.values`."""
    content: Any = _body(body)
    for label in reversed(list(labels)):
        content = {f'"{label}"': content}
    text = hcl2.dumps(
        {kind: [content]}, deserializer_options=DeserializerOptions(object_elements_trailing_comma=False)
    )
    return layout.tidy(str(text))


def thing(one: Thing) -> str:
    head, _, rest = block(one.kind, (one.type, one.name), with_meta(one)).partition("\n")
    accepted = (f"  # checkov:skip={check}: {reason}" for check, reason in sorted(one.accepted.items()))
    return "\n".join([head, *accepted, rest])


def with_meta(one: Thing) -> Body:
    """The body with the arguments by which Terraform makes several of it, or none."""
    if one.each:
        each = expression.either(one.condition, one.each, "[]") if one.condition else one.each
        return {"for_each": expression.template(f"toset({each})"), **one.body}
    if one.condition:
        return {"count": expression.template(expression.either(one.condition, "1", "0")), **one.body}
    return one.body


def _body(body: Mapping[str, Any]) -> dict[str, Any]:
    written: dict[str, Any] = {"__is_block__": True}
    attributes = [
        name
        for name in body
        if not isinstance(body[name], Blocks) and (name, body[name]) != ("depends_on", [])
    ]
    for name in sorted(attributes, key=lambda name: _ORDER.get(name, 0)):
        written[name] = _value(_bare(name, body[name]))
    for name, value in body.items():
        if isinstance(value, Blocks):
            _add_blocks(written, name, value)
    return written


def _add_blocks(written: dict[str, Any], name: str, value: Blocks) -> None:
    for one in value.blocks:
        if one.condition is None and one.each is None:
            written.setdefault(name, []).append(_body(one.body))
        else:
            dynamic = {
                "__is_block__": True,
                "for_each": expression.template(_times(one)),
                "content": [_body(one.body)],
            }
            written.setdefault("dynamic", []).append({f'"{name}"': dynamic})


def _times(one: Block) -> str:
    each = one.each or "[1]"
    return expression.either(one.condition, each, "[]") if one.condition else each


def _bare(name: str, value: Any) -> Any:
    """Names of resources, arguments and providers are written without quotes."""
    if name in _BARE_LISTS and isinstance(value, list):
        return [expression.template(str(item).partition("[")[0]) for item in value]
    return expression.template(value) if name == "provider" and isinstance(value, str) else value


def _value(value: Any) -> Any:
    match value:
        case str():
            inner = expression.only(value)
            return expression.quoted(value) if inner is None else expression.template(inner)
        case list():
            return [_value(item) for item in value]
        case dict():
            return {expression.key(name): _value(inner) for name, inner in value.items()}
        case None | bool() | int() | float():
            return value
    return expression.template(expression.of(value))
