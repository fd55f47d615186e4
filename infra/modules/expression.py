"""Values as the text of a Terraform expression."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from infra.modules import scanning
from infra.modules.values import Encoded

_OPERATOR = re.compile(r" (&&|\|\||==|!=|\?) ")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def of(value: Any) -> str:
    match value:
        case None | bool() | int() | float():
            return json.dumps(value)
        case str():
            return _of_template(value)
        case list():
            return f"[{', '.join(of(item) for item in value)}]"
        case dict():
            return (
                f"{{ {', '.join(f'{key(name)} = {of(inner)}' for name, inner in value.items())} }}"
                if value
                else "{}"
            )
        case Encoded(inner):
            return f"jsonencode({of(inner)})"
    raise TypeError(f"{type(value).__name__} is no value of an expression")


def either(condition: str, on: str, off: str) -> str:
    """A conditional, said without a negation where that is possible."""
    if condition.startswith("!") and not _OPERATOR.search(condition):
        condition, on, off = condition[1:], off, on
    return f"{condition} ? {_inner(on)} : {_inner(off)}"


def _inner(text: str) -> str:
    return f"({text})" if " ? " in text and not text.endswith((")", "]", "}")) else text


def template(expression: str) -> str:
    """The string that is nothing but this expression."""
    return f"${{{expression}}}"


def only(text: str) -> str | None:
    """The expression of a string that is nothing else, or None."""
    parts = list(_parts(text))
    if len(parts) == 1 and parts[0].startswith("${"):
        return parts[0][2:-1]
    return None


def map_parts(text: str, literal: Callable[[str], str], inner: Callable[[str], str]) -> str:
    """The template with its literal text and its expressions changed, each in its own way."""
    return "".join(inner(part) if part.startswith("${") else literal(part) for part in _parts(text))


def key(name: str) -> str:
    """A map's key: bare where that can be read, quoted otherwise; an expression as a key is in brackets."""
    if (expression := only(name)) is not None:
        return f"({expression})"
    return name if _IDENTIFIER.fullmatch(name) else _of_template(name)


def quoted(text: str) -> str:
    """A template in quotes, its expressions as they are."""
    escaped = (
        part if part.startswith("${") else json.dumps(part, ensure_ascii=False)[1:-1] for part in _parts(text)
    )
    return f'"{"".join(escaped)}"'


def _of_template(text: str) -> str:
    expression = only(text)
    return quoted(text) if expression is None else expression


def _parts(text: str) -> Iterator[str]:
    """Literal text and `${…}`, in turn. `$${` is literal."""
    literal = at = 0
    while (at := text.find("${", at)) >= 0:
        if text[at - 1 : at] == "$":
            at += 2
            continue
        if literal < at:
            yield text[literal:at]
        end = scanning.bracket_end(text, at + 1)
        yield text[at:end]
        literal = at = end
    if literal < len(text):
        yield text[literal:]
