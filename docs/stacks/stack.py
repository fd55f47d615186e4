"""A written stack as something to read: resources by kind, and what one says of another."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_REFERENCE = re.compile(r"([a-z0-9]+(?:_[a-z0-9]+)+)\.([A-Za-z0-9_-]+)\.[a-z_]+")

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Stack:
    """The Terraform JSON of one stack, its folder's name beside it."""

    name: str
    document: Mapping[str, Any]

    def of(self, kind: str) -> Mapping[str, Body]:
        found: Mapping[str, Body] = self.document["resource"].get(kind, {})
        return found

    def only(self, kind: str) -> Body:
        (found,) = self.of(kind).values()
        return found

    def resources(self) -> Iterator[tuple[str, str, Body]]:
        """Kind, name and body of each."""
        for kind, found in self.document["resource"].items():
            for name, body in found.items():
                yield kind, name, body


def names_in(value: object, kind: str) -> list[str]:
    """The resources of a kind that a value refers to, in its order; the value may hold an expression."""
    return [name for found, name in _REFERENCE.findall(str(value)) if found == kind]


def name_in(value: object, kind: str) -> str:
    (name,) = names_in(value, kind)
    return name
