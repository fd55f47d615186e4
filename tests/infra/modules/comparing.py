"""What a construct says for given values, in the form that a double of its module answers in."""

import json
import re
from collections.abc import Mapping
from typing import Any

from infra.modules.capture import capture
from infra.modules.naming import Named, name_all
from infra.modules.providers import PROVIDERS
from infra.modules.recipe import Given, Recipe
from infra.modules.tracing import rename
from infra.modules.values import Blocks, Captured, Document, Encoded

# Data sources of the module alone: a construct is told its region and account.
LOOKED_UP = ("current", "replica")
_WHOLE = re.compile(r"\$\{tolist\(\[(.*)\]\)\}")


def expected(recipe: Recipe, given: Given) -> tuple[dict[str, Any], dict[str, Any]]:
    """Things by address and outputs, straight from the construct."""
    keys = tuple(given[recipe.loop.variable]) if recipe.loop else ()
    captured = capture(lambda stack: recipe.build(stack, given))
    names = name_all(captured.things, keys)
    tags = PROVIDERS[recipe.cloud].tags
    things = {
        _address(thing, names[thing.id]): plain(rename(_tagged(thing, tags, given), names))
        for thing in captured.things
    }
    return things, {name: plain(rename(value, names)) for name, value in captured.outputs.items()}


def answered(document: Document, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The same from what Terraform reckoned of the double."""
    things: dict[str, Any] = {}
    for address, one in document.things.items():
        if one.kind == "data" and one.name in LOOKED_UP:
            continue
        body = values["things"][address]
        if one.each:
            things |= {f'{address}["{key}"]': plain(inner) for key, inner in body.items()}
        elif not one.condition or body:
            things[address] = plain(body[0] if one.condition else body)
    return things, {name: plain(value) for name, value in values["outputs"].items() if value is not None}


def plain(value: Any) -> Any:
    """Without what is not set, references as text, lists in one order: most of them are sets to the provider."""
    match value:
        case Blocks(blocks):
            return plain([one.body for one in blocks])
        case Encoded(inner):
            return plain(inner)
        case dict():
            return {
                name: made for name, inner in value.items() if (made := plain(inner)) not in (None, [], {})
            }
        case list():
            return sorted((plain(inner) for inner in value), key=lambda one: json.dumps(one, sort_keys=True))
    return _text(value) if isinstance(value, str) else value


def _text(text: str) -> Any:
    if found := _WHOLE.fullmatch(text):
        return plain([f"${{{item}}}" for item in found[1].split(", ")])
    return re.sub(r"\$\{([^}]*)\}", r"\1", text)


def _address(thing: Captured, named: Named) -> str:
    prefix = "data." if thing.kind == "data" else ""
    return f"{prefix}{thing.type}.{named.name}" + (f'["{named.key}"]' if named.key else "")


def _tagged(thing: Captured, argument: str, given: Given) -> dict[str, Any]:
    if not thing.takes_tags:
        return thing.body
    return {**thing.body, argument: {**given.get(argument, {}), **(thing.body.get(argument) or {})}}
