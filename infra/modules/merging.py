"""One document out of two that differ by a choice: what both say stays, the rest depends on the choice."""

from collections.abc import Iterator
from dataclasses import replace
from difflib import SequenceMatcher
from typing import Any

from infra.modules import expression
from infra.modules.recipe import Switch
from infra.modules.values import Block, Blocks, Document, Encoded, Thing

_ALWAYS, _NEVER = "true", "false"


class UnlikeError(ValueError):
    """Two documents differ in a way that no condition can express."""


def merge(switch: Switch, on: Document, off: Document) -> Document:
    merger = _Merger(switch)
    longer, shorter = (on, off) if len(on.things) >= len(off.things) else (off, on)
    addresses = [*longer.things, *(address for address in shorter.things if address not in longer.things)]
    things = {one: merger.thing(on.things.get(one), off.things.get(one)) for one in addresses}
    outputs = {
        name: merger.value(on.outputs.get(name), off.outputs.get(name))
        for name in {**off.outputs, **on.outputs}
    }
    return Document(things, outputs)


class _Merger:
    def __init__(self, switch: Switch) -> None:
        self._on, self._off = switch.condition, switch.otherwise

    def thing(self, on: Thing | None, off: Thing | None) -> Thing:
        match on, off:
            case Thing(), None:
                return replace(on, condition=self._condition(on.condition or _ALWAYS, _NEVER))
            case None, Thing():
                return replace(off, condition=self._condition(_NEVER, off.condition or _ALWAYS))
            case Thing(), Thing():
                return self._thing(on, off)
        raise UnlikeError("neither has it")

    def _thing(self, on: Thing, off: Thing) -> Thing:
        if bool(on.each) != bool(off.each):
            raise UnlikeError(f"{on.address} is one and many")
        return replace(
            on,
            each=self._each(on.each, off.each) if on.each and off.each else None,
            condition=self._condition(on.condition or _ALWAYS, off.condition or _ALWAYS),
            body=self._body(on.body, off.body),
            accepted={**off.accepted, **on.accepted},
        )

    def value(self, on: Any, off: Any) -> Any:
        match on, off:
            case _ if on == off and type(on) is type(off):
                return on
            case Encoded(), Encoded():
                return Encoded(self._json(on.value, off.value))
            # CDKTF writes no blocks as an empty list.
            case ((Blocks() | None | []), (Blocks() | None | [])):
                return self._blocks(on or Blocks(()), off or Blocks(()))
            case list(), list() if len(on) == len(off):
                return [self.value(*pair) for pair in zip(on, off, strict=True)]
        return self._either(on, off)

    def _body(self, on: dict[str, Any], off: dict[str, Any]) -> dict[str, Any]:
        return {name: self.value(on.get(name), off.get(name)) for name in _all(on, off)}

    def _blocks(self, on: Blocks, off: Blocks) -> Blocks:
        if len(on.blocks) == len(off.blocks) == 1:
            return Blocks((self._block(on.blocks[0], off.blocks[0]),))
        merged: list[Block] = []
        for first, second in _aligned(list(on.blocks), list(off.blocks)):
            if len(first) == len(second) and all(map(_alike, first, second)):
                merged += map(self._block, first, second)
            else:
                merged += [self._only(one, _ALWAYS, _NEVER) for one in first]
                merged += [self._only(one, _NEVER, _ALWAYS) for one in second]
        return Blocks(tuple(merged))

    def _block(self, on: Block, off: Block) -> Block:
        condition = self._condition(on.condition or _ALWAYS, off.condition or _ALWAYS)
        return replace(on, body=self._body(on.body, off.body), condition=condition)

    def _only(self, one: Block, on: str, off: str) -> Block:
        there = one.condition or _ALWAYS
        condition = self._condition(there if on == _ALWAYS else on, there if off == _ALWAYS else off)
        return replace(one, condition=condition)

    def _json(self, on: Any, off: Any) -> Any:
        """A document's parts may be left out one by one."""
        if on == off:
            return on
        match on, off:
            case dict(), dict() if on.keys() == off.keys():
                return {name: self._json(on[name], off[name]) for name in on}
            case list(), list() if len(on) == len(off):
                return [self._json(*pair) for pair in zip(on, off, strict=True)]
            case list(), list():
                return self._joined(on, off)
        return self._either(on, off)

    def _joined(self, on: list[Any], off: list[Any]) -> str:
        texts = []
        for first, second in _aligned(on, off):
            if first == second:
                texts.append(expression.of(first))
                continue
            texts += [expression.either(self._on, expression.of(first), "[]")] if first else []
            texts += [expression.either(self._off, expression.of(second), "[]")] if second else []
        return expression.template(f"concat({', '.join(texts)})")

    def _each(self, on: str, off: str) -> str:
        return on if on == off else expression.either(self._on, on, off)

    def _either(self, on: Any, off: Any) -> str:
        if on is True and off is False:
            return expression.template(self._on)
        if on is False and off is True:
            return expression.template(self._off)
        if off is None and self._on == f"{expression.of(on)} != null":
            return str(on)
        return expression.template(expression.either(self._on, expression.of(on), expression.of(off)))

    def _condition(self, on: str, off: str) -> str | None:
        match on, off:
            case (one, other) if one == other:
                return None if one == _ALWAYS else one
            case ("true", "false"):
                return self._on
            case ("false", "true"):
                return self._off
            case (one, "false"):
                return f"{self._on} && {one}"
            case ("false", other):
                return f"{self._off} && {other}"
        raise UnlikeError(f"{on} or {off}")


def _all(on: dict[str, Any], off: dict[str, Any]) -> list[str]:
    return sorted({*on, *off})


def _aligned(on: list[Any], off: list[Any]) -> Iterator[tuple[list[Any], list[Any]]]:
    """Runs of what is the same, and of what stands in each other's place."""
    matcher = SequenceMatcher(None, [repr(one) for one in on], [repr(one) for one in off], autojunk=False)
    for _, on_from, on_to, off_from, off_to in matcher.get_opcodes():
        yield on[on_from:on_to], off[off_from:off_to]


def _alike(on: Block, off: Block) -> bool:
    return on.body.keys() == off.body.keys() and on.condition == off.condition and on.each == off.each
