"""Modules as Terraform can reckon them without any provider: each resource is an output with what it says.

Loops, conditions and functions are Terraform's own. Only references are not: instead of what a resource would know
after it was made, each stands for its own text, so that two configurations can be compared by what they refer to.
"""

import re
from collections.abc import Mapping
from typing import Any

from infra.modules import expression
from infra.modules.hcl import with_meta
from infra.modules.recipe import Recipe
from infra.modules.values import Block, Blocks, Document, Encoded, Thing

_ATTRIBUTE = re.compile(r"\.([a-z_]+)\b")


def configuration(recipe: Recipe, document: Document, known: Mapping[str, str]) -> str:
    """A module with the recipe's variables. `known` are the values of what is looked up, by reference."""
    text = _Double(recipe, document, known)
    return "\n".join([*text.variables(), "locals {", *text.references(), "}", text.output()])


class _Double:
    def __init__(self, recipe: Recipe, document: Document, known: Mapping[str, str]) -> None:
        self._recipe, self._document, self._known = recipe, document, known
        self._attributes = sorted({*_ATTRIBUTE.findall(repr(document)), "id"})
        names = "|".join(re.escape(address) for address in sorted(document.things, key=len, reverse=True))
        self._named = re.compile(rf"(?<![\w.])({names})(?![\w])") if names else re.compile(r"(?!)")

    def variables(self) -> list[str]:
        return [
            f'variable "{one.name}" {{\n  type = {one.type}\n'
            + (f"  default = {one.default}\n}}" if one.default is not None else "}")
            for one in self._recipe.variables
        ]

    def references(self) -> list[str]:
        return [f"{_local(one.address)} = {self._reference(one)}" for one in self._document.things.values()]

    def output(self) -> str:
        things = (
            f"{expression.quoted(one.address)} = {self._all(one)}" for one in self._document.things.values()
        )
        outputs = (f"{name} = {self._text(value)}" for name, value in self._document.outputs.items())
        return (
            'output "things" {\n  value = {\n    ' + "\n    ".join(things) + "\n  }\n}\n"
            'output "outputs" {\n  value = {\n    ' + "\n    ".join(outputs) + "\n  }\n}\n"
        )

    def _reference(self, one: Thing) -> str:
        index = '[\\"${key}\\"]' if one.each else ""
        fields = ", ".join(
            f"{name} = {self._known_or(f'{one.address}.{name}', f'{one.address}{index}.{name}')}"
            for name in self._attributes
        )
        return self._repeated(one, f"{{ {fields} }}")

    def _known_or(self, reference: str, text: str) -> str:
        return f'"{self._known.get(reference, text)}"'

    def _all(self, one: Thing) -> str:
        return self._repeated(one, self._text(one.body).replace("each.key", "key"))

    def _repeated(self, one: Thing, text: str) -> str:
        meta = with_meta(one)
        if one.each:
            return f"{{ for key in {self._refer(meta['for_each'][2:-1])} : key => {text} }}"
        if one.condition:
            return f"[for index in range({self._refer(meta['count'][2:-1])}) : {text}]"
        return text

    def _text(self, value: Any) -> str:
        match value:
            case Blocks(blocks):
                return f"concat([], {', '.join(self._block(one) for one in blocks)})"
            case Encoded(inner):
                return self._text(inner)
            case dict():
                return f"{{ {', '.join(self._field(name, inner) for name, inner in value.items())} }}"
            case list():
                return f"[{', '.join(map(self._text, value))}]"
        return self._refer(expression.of(value))

    def _field(self, name: str, value: Any) -> str:
        # What it depends on is named, not referred to.
        text = expression.of(value) if name == "depends_on" else self._text(value)
        return f"{expression.key(name)} = {text}"

    def _block(self, one: Block) -> str:
        body = self._text(one.body)
        if one.each:
            # The name by which a block calls what it is made for is its own; it is found by what it asks.
            word = next(iter(re.findall(r"\b(\w+)\.(?:value|key)\b", body)), "item")
            each = f"[for key, value in {self._refer(one.each)} : {{ key = key, value = value }}]"
            text = f"[for {word} in {each} : {body}]"
        else:
            text = f"[{body}]"
        return f"({self._refer(one.condition)} ? {text} : [])" if one.condition else text

    def _refer(self, text: str) -> str:
        return self._named.sub(lambda found: f"local.{_local(found[1])}", text)


def _local(address: str) -> str:
    return address.replace(".", "__")
