"""A recipe's construct, built once for every combination of its choices and written as one document."""

import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import Any

from infra.modules import expression, loops, merging
from infra.modules.capture import capture
from infra.modules.naming import name_all
from infra.modules.providers import PROVIDERS
from infra.modules.recipe import Given, Recipe, Switch
from infra.modules.tracing import merge_tags, rename, trace
from infra.modules.tracing import replace as replace_text
from infra.modules.values import Block, Blocks, Body, Capture, Captured, Document, Thing, rewrite

# What is not given leaves no trace.
_NOTHING: tuple[Any, ...] = (None, (), "", {})
_LOOKED_UP = re.compile(r"\bdata\.([a-z0-9_]+)\.([a-z0-9_-]+)")

_VARIABLE = re.compile(r"\bvar\.([a-z0-9_]+)")
_SAMPLE = re.compile(r"sample[-.]\w[\w.-]*")

Chosen = tuple[bool, ...]


class UnfinishedError(ValueError):
    """A recipe does not say all that its construct does with a variable."""


def lift(recipe: Recipe) -> Document:
    documents = {
        chosen: _document(recipe, _given(recipe, chosen))
        for chosen in product((True, False), repeat=len(recipe.switches))
    }
    merged = _merged(recipe.switches, (), documents)
    settled = documents[(False,) * len(recipe.switches)].outputs
    outputs = {
        name: settled[name] if name in recipe.settled else value for name, value in merged.outputs.items()
    }
    document = _looked_up(recipe, _plainer(recipe, _indexed(Document(merged.things, outputs))))
    _check(recipe, document)
    return document


def _given(recipe: Recipe, chosen: Chosen) -> Given:
    given = dict(recipe.given)
    for switch, on in zip(recipe.switches, chosen, strict=True):
        given |= switch.on if on else switch.off
    return given


def _merged(switches: tuple[Switch, ...], chosen: Chosen, documents: Mapping[Chosen, Document]) -> Document:
    if not switches:
        return documents[chosen]
    on, off = (_merged(switches[1:], (*chosen, side), documents) for side in (True, False))
    return merging.merge(switches[0], on, off)


def _document(recipe: Recipe, given: Given) -> Document:
    captured = capture(lambda stack: recipe.build(stack, given))
    return _Lifter(recipe, given, captured).document()


class _Lifter:
    def __init__(self, recipe: Recipe, given: Given, captured: Capture) -> None:
        self._recipe, self._captured = recipe, captured
        self._names = name_all(captured.things, recipe.loop.keys if recipe.loop else ())
        of_variables = [
            (given[one.name], f"var.{one.name}")
            for one in recipe.variables
            if given[one.name] not in _NOTHING and not one.is_choice
        ]
        # What the recipe says of a value goes before what the variable alone would say.
        self._traces = [*of_variables, *recipe.traces(given)]
        self._tags = PROVIDERS[recipe.cloud].tags

    def document(self) -> Document:
        groups: dict[tuple[str, str, str], dict[str | None, Captured]] = {}
        for thing in self._captured.things:
            named = self._names[thing.id]
            groups.setdefault((thing.kind, thing.type, named.name), {})[named.key] = thing
        things = [self._thing(name, group) for (_, _, name), group in groups.items()]
        outputs = {name: self._gathered(self._found(value)) for name, value in self._captured.outputs.items()}
        return Document({thing.address: thing for thing in things}, outputs)

    def _thing(self, name: str, group: Mapping[str | None, Captured]) -> Thing:
        first = next(iter(group.values()))
        each, bodies = None, {key: self._found(one.body) for key, one in group.items()}
        if self._recipe.loop and None not in bodies:
            body, each = loops.once(self._recipe.loop, {str(key): body for key, body in bodies.items()})
        else:
            (body,) = bodies.values()
            body = self._gathered(body)
        return Thing(first.kind, first.type, name, self._tagged(first, body), each, accepted=first.accepted)

    def _found(self, value: Any) -> Any:
        value = _without_nulls(rename(value, self._names))
        for repeat in self._recipe.repeats:
            value = loops.repeat(repeat, value)
        return trace(merge_tags(value, f"var.{self._tags}"), self._traces)

    def _gathered(self, value: Any) -> Any:
        return loops.gather(self._recipe.loop, value) if self._recipe.loop else value

    def _tagged(self, thing: Captured, body: Body) -> Body:
        own = body.get(self._tags)
        if not thing.takes_tags or isinstance(own, str):
            return body
        every = f"var.{self._tags}"
        return {
            **body,
            self._tags: expression.template(f"merge({every}, {expression.of(own)})" if own else every),
        }


def _without_nulls(value: Any) -> Any:
    def change(found: Any) -> Any:
        if not isinstance(found, Blocks):
            return found
        bodies = (
            {name: inner for name, inner in one.body.items() if inner is not None} for one in found.blocks
        )
        return Blocks(tuple(Block(_without_nulls(body)) for body in bodies))

    return rewrite(value, change)


def _indexed(document: Document) -> Document:
    """What is there only on a condition is a list of one or none."""
    conditional = [one.address for one in document.things.values() if one.condition and not one.each]
    if not conditional:
        return document
    pattern = re.compile(rf"(?<![\w.])({'|'.join(map(re.escape, conditional))})(?=\.)")
    return _everywhere(document, lambda text: pattern.sub(r"\1[0]", text))


def _plainer(recipe: Recipe, document: Document) -> Document:
    def shorten(text: str) -> str:
        for long, short in recipe.plainer.items():
            text = text.replace(long, short)
        return text

    return _everywhere(document, shorten) if recipe.plainer else document


def _everywhere(document: Document, change: Any) -> Document:
    things = {
        address: replace(
            one,
            body=replace_text(one.body, change),
            condition=change(one.condition) if one.condition else None,
        )
        for address, one in document.things.items()
    }
    return Document(things, replace_text(dict(document.outputs), change))


def _looked_up(recipe: Recipe, document: Document) -> Document:
    """With the data sources that expressions name. One that is named like an alias is asked of that provider."""
    sources = {}
    for type_, name in dict.fromkeys(_LOOKED_UP.findall(repr(document))):
        if f"data.{type_}.{name}" in document.things:
            continue
        if name not in ("current", *recipe.aliases):
            raise UnfinishedError(f"{recipe.name}: data.{type_}.{name}")
        body = {} if name == "current" else {"provider": f"{type_.partition('_')[0]}.{name}"}
        one = Thing("data", type_, name, body)
        sources[one.address] = one
    return Document({**sources, **document.things}, document.outputs)


def _check(recipe: Recipe, document: Document) -> None:
    """A sample that is still there has no trace; a variable that is not declared, or goes nowhere, is a mistake."""
    text, declared = repr(document), {one.name for one in recipe.variables}
    used = set(_VARIABLE.findall(text))
    if left := _SAMPLE.findall(text):
        raise UnfinishedError(f"{recipe.name}: {', '.join(left)}")
    if used != declared:
        raise UnfinishedError(f"{recipe.name}: {', '.join(sorted(used ^ declared))}")
