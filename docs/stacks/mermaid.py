"""A flowchart in Mermaid's words. Ids are counted, so that a picture changes only where the stack does."""

from collections.abc import Iterator
from contextlib import contextmanager


class Flowchart:
    """Nodes are known by the address of what they stand for; a node is written where the chart is just then."""

    def __init__(self) -> None:
        self._lines = ["flowchart TB"]
        self._depth = 1
        self._ids: dict[str, str] = {}

    def node(self, address: str, *words: str, shape: str = "[]") -> None:
        left, right = shape[: len(shape) // 2], shape[len(shape) // 2 :]
        text = "<br/>".join(words)
        self._write(f'{self._id(address)}{left}"{text}"{right}')

    @contextmanager
    def inside(self, address: str, *words: str) -> Iterator[None]:
        self._write(f'subgraph {self._id(address)}["{" ".join(words)}"]')
        self._depth += 1
        yield
        self._depth -= 1
        self._write("end")

    def arrow(self, start: str, end: str, words: str = "", line: str = "-->") -> None:
        said = f'{line}|"{words}"|' if words else line
        self._write(f"{self._id(start)} {said} {self._id(end)}")

    def block(self) -> str:
        """As it stands in a page."""
        return "```mermaid\n" + "\n".join(self._lines) + "\n```\n"

    def _id(self, address: str) -> str:
        return self._ids.setdefault(address, f"n{len(self._ids) + 1}")

    def _write(self, line: str) -> None:
        self._lines.append("  " * self._depth + line)
