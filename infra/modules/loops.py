"""What a construct does once for each zone, written once."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from infra.modules import expression
from infra.modules.naming import ALONE
from infra.modules.recipe import Loop, Repeat
from infra.modules.tracing import replace, trace
from infra.modules.values import Block, Blocks, Body, rewrite


class UnevenLoopError(ValueError):
    """What the construct does for one key differs from what it does for another by more than the key."""


def once(loop: Loop, bodies: Mapping[str, Body]) -> tuple[Body, str]:
    """The body for `each.key`, and the list to do it for: all of them, or the first alone."""
    first = f"var.{loop.variable}[0]"
    forms = {key: _form(loop, body, key, "each.key") for key, body in bodies.items()}
    # Only seen from another key is it plain whether the first is meant, or each its own.
    form = forms[list(bodies)[-1]]
    for key, other in forms.items():
        if other not in (form, replace(form, lambda text: text.replace(first, "each.key"))):
            raise UnevenLoopError(f"{key}: {other} is not {form}")
    if list(bodies) == list(loop.keys[:1]):
        return form, f"[{first}]"
    return form, f"var.{loop.variable}"


def gather(loop: Loop, value: Any) -> Any:
    """Maps and lists that have something for each key, as expressions that loop."""
    return rewrite(value, lambda found: _gathered(loop, found))


def repeat(repeat_: Repeat, value: Any) -> Any:
    """The sample's block of something becomes one for each."""

    def change(found: Any) -> Any:
        if not isinstance(found, dict) or not isinstance(blocks := found.get(repeat_.block), Blocks):
            return found
        made = []
        for one in blocks.blocks:
            form = trace(one.body, repeat_.traces)
            made.append(one if form == one.body else Block(form, each=repeat_.each))
        return {
            **{name: repeat(repeat_, inner) for name, inner in found.items()},
            repeat_.block: Blocks(tuple(made)),
        }

    return rewrite(value, change)


def _gathered(loop: Loop, found: Any) -> Any:
    match found:
        case dict() if tuple(found) == loop.keys:
            return expression.template(_map(loop, list(found.values())))
        case list() if len(found) > 1:
            return _list(loop, found)
    return found


def _map(loop: Loop, items: list[Any]) -> str:
    text = _common(loop, items)
    over, name = _source(loop, text)
    if over:
        text = text.replace(f"{over}[{loop.word}]", name)
        return f"{{ for {loop.word}, {name} in {over} : {loop.word} => {text} }}"
    return f"{{ for {loop.word} in var.{loop.variable} : {loop.word} => {text} }}"


def _list(loop: Loop, items: list[Any]) -> Any:
    start = next((at for at, item in enumerate(items) if _mentions(loop, item)), None)
    if start is None:
        return items
    run = items[start:]
    if not all(_mentions(loop, item) for item in run):
        return items
    text = _common(loop, run)
    over, name = _source(loop, text)
    inner = (
        f"[for {name} in {over} : {text.replace(f'{over}[{loop.word}]', name)}]"
        if over
        else f"[for {loop.word} in var.{loop.variable} : {text}]"
    )
    return expression.template(f"concat({expression.of(items[:start])}, {inner})" if start else inner)


def _common(loop: Loop, items: Sequence[Any]) -> str:
    forms = [
        expression.of(_form(loop, item, key, loop.word)) for key, item in zip(loop.keys, items, strict=False)
    ]
    if len(set(forms)) != 1:
        raise UnevenLoopError(f"not the same for each: {forms}")
    return forms[0]


def _source(loop: Loop, text: str) -> tuple[str, str]:
    """The looped resource that all of the text is about, and a word for one of it; empty where there is no such one."""
    before, found, after = text.partition(f"[{loop.word}]")
    if not found or f"[{loop.word}]" in after:
        return "", ""
    over = re.split(r"[({]", before)[-1]
    type_, _, name = over.rpartition(".")
    return over, type_.rpartition("_")[2] if name == ALONE else name


def _mentions(loop: Loop, item: Any) -> bool:
    return any(trace(item, [(key, loop.word)]) != item for key in loop.keys)


def _form(loop: Loop, value: Any, key: str, word: str) -> Any:
    own = [(sample, text.replace("each.key", word)) for sample, text in loop.of_key.get(key, ())]
    first = [] if key == loop.keys[0] else [(loop.keys[0], f"var.{loop.variable}[0]")]
    return trace(value, [*own, (key, word), *first])
