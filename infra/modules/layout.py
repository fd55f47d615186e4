"""The last touches to HCL that python-hcl2 laid out: lines are broken as a person would break them.

`terraform fmt` does the rest: it indents and aligns.
"""

import re
from collections.abc import Iterable, Iterator

from infra.modules import scanning

_EMPTY = re.compile(r" \{\n\}")
_LOOP = re.compile(r"\n *(for [^\n]* :)\n *([^\n]+)")
_FILTER = re.compile(r"\n *(for [^\n]* : [^\n]*)\n *(if [^\n]+)")
_WORDS = re.compile(r'\[\n(?: *"[^"\n$]*",?\n)+ *\]')
_SINGLE = re.compile(r"\[\n *([^\n]*[^\n,\[{(]),?\n *\]")
_COMPREHENSION = re.compile(r"\{\n *(for [^\n]*[^\n,])\n *\}")
_CHOICE = re.compile(r"( *(?:\w+ *= )?)([^?]+) \? (\(.*\)) : (\(.*\))(,?)")
_LONGEST_LIST, _LONGEST_LINE = 100, 130


def tidy(text: str) -> str:
    text = "\n".join(_single_blank(line.rstrip() for line in text.strip().splitlines()))
    text = _LOOP.sub(r"\n\1 \2", _EMPTY.sub(" {}", text))
    text = _FILTER.sub(r"\n\1 \2", text)
    text = _WORDS.sub(_joined, text)
    text = _SINGLE.sub(lambda found: _if_short(f"[{found[1]}]", found[0]), text)
    text = _COMPREHENSION.sub(lambda found: _if_short(f"{{ {found[1]} }}", found[0]), text)
    lines = (part for line in text.splitlines() for part in _broken(line))
    return "\n".join(_without_commas(lines)) + "\n"


def _single_blank(lines: Iterable[str]) -> Iterator[str]:
    previous = ""
    for line in lines:
        if line or (previous and not previous.endswith("{")):
            yield line
        previous = line


def _joined(found: re.Match[str]) -> str:
    words = (line.strip().removesuffix(",") for line in found[0].splitlines()[1:-1])
    return _if_short(f"[{', '.join(words)}]", found[0])


def _if_short(text: str, otherwise: str) -> str:
    return text if len(text) <= _LONGEST_LIST else otherwise


def _broken(line: str) -> list[str]:
    """A long line's choice of choices, or its first list or object that is long itself, an item a line."""
    if len(line) > _LONGEST_LINE and (choice := _CHOICE.fullmatch(line)):
        head, condition, on, off, comma = choice.groups()
        return [f"{head}(", condition, f"? {on}", f": {off}", f"){comma}"]
    at = 0
    while len(line) > _LONGEST_LINE and at < len(line):
        if line[at] == '"':
            at = scanning.string_end(line, at)
        elif (
            line[at] in "[{"
            and (end := scanning.bracket_end(line, at)) <= len(line)
            and end - at > _LONGEST_LIST // 2
        ):
            inner = line[at + 1 : end - 1]
            if inner.lstrip().startswith("for "):
                return [line[: at + 1], inner.strip(), *_broken(line[end - 1 :])]
            inside = [part for item in scanning.items(inner) for part in _broken(f"{item},")]
            return [line[: at + 1], *inside, *_broken(line[end - 1 :])]
        else:
            at += 1
    return [line]


def _without_commas(lines: Iterable[str]) -> Iterator[str]:
    """Between the lines of an object a comma says nothing."""
    open_: list[str] = []
    for line in lines:
        at = 0
        while at < len(line):
            if line[at] == '"':
                at = scanning.string_end(line, at)
                continue
            if line[at] in "{[(":
                open_.append(line[at])
            elif line[at] in "}])":
                open_.pop()
            at += 1
        yield line.removesuffix(",") if open_ and open_[-1] == "{" else line
