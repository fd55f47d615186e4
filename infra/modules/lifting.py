"""A recipe's construct, built once for every combination of its choices and written as one document."""

from collections.abc import Mapping
from itertools import product
from typing import Any

from infra.modules import expression, loops, merging
from infra.modules.capture import capture
from infra.modules.finishing import finish
from infra.modules.naming import name_all
from infra.modules.providers import PROVIDERS
from infra.modules.recipe import Given, Recipe, Switch
from infra.modules.tracing import merge_tags, rename, trace
from infra.modules.values import Block, Blocks, Body, Capture, Captured, Document, Thing, rewrite

# What is not given leaves no trace.
_NOTHING: tuple[Any, ...] = (None, (), "", {})

Chosen = tuple[bool, ...]


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
    return finish(recipe, Document(merged.things, outputs))


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
