"""What is still to do once a document is merged, and what has to be right before it is written."""

import re
from collections.abc import Callable
from dataclasses import replace

from infra.modules import tracing
from infra.modules.recipe import Recipe
from infra.modules.values import Document, Thing

_LOOKED_UP = re.compile(r"\bdata\.([a-z0-9_]+)\.([a-z0-9_-]+)")
_VARIABLE = re.compile(r"\bvar\.([a-z0-9_]+)")
_SAMPLE = re.compile(r"sample[-.]\w[\w.-]*")


class UnfinishedError(ValueError):
    """A recipe does not say all that its construct does with a variable."""


def finish(recipe: Recipe, document: Document) -> Document:
    document = _look_up(recipe, _plainer(recipe, _indexed(document)))
    _check(recipe, document)
    return _accept(recipe, document)


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


def _everywhere(document: Document, change: Callable[[str], str]) -> Document:
    things = {
        address: replace(
            one,
            body=tracing.replace(one.body, change),
            condition=change(one.condition) if one.condition else None,
        )
        for address, one in document.things.items()
    }
    return Document(things, tracing.replace(dict(document.outputs), change))


def _look_up(recipe: Recipe, document: Document) -> Document:
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


def _accept(recipe: Recipe, document: Document) -> Document:
    things = dict(document.things)
    for address, reasons in recipe.accepted.items():
        one = things[address]
        things[address] = replace(one, accepted={**one.accepted, **reasons})
    return Document(things, document.outputs)
