"""What the arguments of a module's resources are made of, beside plain strings, numbers, lists and maps.

A string is a template, as in Terraform's JSON: what stands between `${` and `}` is an expression.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Body = dict[str, Any]


@dataclass(frozen=True)
class Block:
    """A nested block. One with a condition is there only where that holds, `each` is a list or map to repeat it for."""

    body: Body
    condition: str | None = None
    each: str | None = None


@dataclass(frozen=True)
class Blocks:
    """All nested blocks of one name, in their order."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Encoded:
    """A JSON document that is a string to the provider: a policy, for instance."""

    value: Any


@dataclass(frozen=True)
class Captured:
    """What a construct made. `path` has the ids from below the stack down, `id` is CDKTF's own name for it."""

    kind: str
    type: str
    path: tuple[str, ...]
    id: str
    body: Body
    takes_tags: bool
    accepted: Mapping[str, str]


@dataclass(frozen=True)
class Capture:
    things: tuple[Captured, ...]
    outputs: Mapping[str, Any]


@dataclass(frozen=True)
class Thing:
    """A resource or data source. `each` is the list that it stands once for; `condition` is when it stands at all.

    `accepted` are the objections of scanners that it stands against, with the reasons.
    """

    kind: str
    type: str
    name: str
    body: Body
    each: str | None = None
    condition: str | None = None
    accepted: Mapping[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        prefix = "data." if self.kind == "data" else ""
        return f"{prefix}{self.type}.{self.name}"


@dataclass(frozen=True)
class Document:
    """The things by their address, and the outputs."""

    things: Mapping[str, Thing]
    outputs: Mapping[str, Any] = field(default_factory=dict)


def rewrite(value: Any, change: Callable[[Any], Any]) -> Any:
    """The value with `change` applied to everything in it but names of arguments and keys, from the outside in.

    What `change` turns into something else is taken as it is; what it leaves alone is entered.
    """
    changed = change(value)
    if changed is not value:
        return changed
    match value:
        case Blocks(blocks):
            return Blocks(tuple(replace(one, body=rewrite(one.body, change)) for one in blocks))
        case Encoded(inner):
            return Encoded(rewrite(inner, change))
        case dict():
            return {key: rewrite(inner, change) for key, inner in value.items()}
        case list():
            return [rewrite(inner, change) for inner in value]
    return value
