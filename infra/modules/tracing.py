"""Finds sample values in what a construct became, and puts in their place the expressions that they stand for."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from infra.modules import expression
from infra.modules.naming import Named
from infra.modules.values import Block, Blocks, rewrite

Trace = tuple[Any, str]

# The one sample of a map: wherever it is, the variable's whole map is.
TAG = ("sample-tag", "sample-value")


def trace(value: Any, traces: Sequence[Trace]) -> Any:
    """Whole values first, then samples inside strings, the longest first; of two traces of a sample the later holds.

    True, False and null stand for nothing.
    """
    whole = {_frozen(sample): expression.template(text) for sample, text in traces}
    inside = {sample: text for sample, text in traces if isinstance(sample, str)}
    parts = sorted(inside.items(), key=lambda part: -len(part[0]))

    def change(found: Any) -> Any:
        if not isinstance(found, bool | None) and (known := whole.get(_frozen(found))):
            return known
        return _within(found, parts) if isinstance(found, str) else found

    return rewrite(value, change)


def merge_tags(value: Any, variable: str) -> Any:
    """Maps that hold the sample tag, as the variable's own with the rest on top."""

    def change(found: Any) -> Any:
        if not isinstance(found, dict) or found.get(TAG[0]) != TAG[1]:
            return found
        rest = {name: inner for name, inner in found.items() if name != TAG[0]}
        return expression.template(f"merge({variable}, {expression.of(rest)})" if rest else variable)

    return rewrite(value, change)


def rename(value: Any, names: Mapping[str, Named]) -> Any:
    """References by CDKTF's ids become references by short names."""
    ids = "|".join(re.escape(id_) for id_ in sorted(names, key=len, reverse=True))
    reference = re.compile(rf"\b((?:data\.)?[a-z][a-z0-9_]*)\.({ids})(?![A-Za-z0-9_-])")

    def short(found: re.Match[str]) -> str:
        named = names[found[2]]
        return f"{found[1]}.{named.name}" + (f'["{named.key}"]' if named.key else "")

    return replace(value, lambda text: reference.sub(short, text))


def replace(value: Any, change: Callable[[str], str]) -> Any:
    """Every string in the value changed, and what blocks depend on."""

    def changed(found: Any) -> Any:
        if isinstance(found, Blocks):
            return Blocks(tuple(_replaced(one, change) for one in found.blocks))
        return found if not isinstance(found, str) or (text := change(found)) == found else text

    return rewrite(value, changed)


def _replaced(one: Block, change: Callable[[str], str]) -> Block:
    condition, each = (change(text) if text else None for text in (one.condition, one.each))
    return Block(replace(one.body, change), condition, each)


def _within(text: str, traces: Iterable[Trace]) -> str:
    for sample, inner in traces:
        text = expression.map_parts(
            text, _replacing(sample, expression.template(inner)), _replacing(f'"{sample}"', inner)
        )
    return text


def _replacing(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new)


def _frozen(value: Any) -> Any:
    match value:
        case list() | tuple():
            return tuple(_frozen(item) for item in value)
        case dict():
            return ("map", *((name, _frozen(inner)) for name, inner in value.items()))
    # True is 1 to a dictionary, and "1" must not be 1.
    return (type(value).__name__, value) if isinstance(value, int | str | float | bool | None) else id(value)
