"""The life of a deployment, from the transition table that the service itself obeys."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from contracts.vocabulary import DeploymentStatus, Reason
from docs.generate.text import MADE, table
from services.deployments import model

_INTRO = """# The life of a deployment

Every change of status is one arrow below; anything else is refused with 409, and a repeated event changes nothing.
A deployment that holds one of its user's slots has a command with the agent.

"""


def files(folder: str) -> Mapping[str, str]:
    return {f"{folder}/state-machine.md": MADE + _INTRO + _diagram() + "\n" + _states() + "\n" + _reasons()}


def _diagram() -> str:
    arrows = [
        f"    {status.value} --> {after.value}"
        for status, following in model.TRANSITIONS.items()
        for after in _ordered(following)
    ]
    first, last = DeploymentStatus.REQUESTED, DeploymentStatus.DELETED
    lines = ["stateDiagram-v2", f"    [*] --> {first.value}", *arrows, f"    {last.value} --> [*]"]
    return "```mermaid\n" + "\n".join(lines) + "\n```\n"


def _states() -> str:
    head = ("Status", "May become", "Holds a slot", "Announced again after", "Stuck after")
    return "## States\n\n" + table(head, _rows())


def _rows() -> Iterator[Sequence[str]]:
    for status, following in model.TRANSITIONS.items():
        deadline = model.DEADLINES.get(status)
        yield (
            f"`{status.value}`",
            ", ".join(f"`{after.value}`" for after in _ordered(following)) or "nothing: the end",
            "yes" if status in model.IN_FLIGHT else "no",
            _span(deadline.nudge_every) if deadline else "–",
            _span(deadline.stuck_after) if deadline else "–",
        )


def _reasons() -> str:
    listed = "\n".join(f"* `{reason.value}`" for reason in Reason)
    return f"## Reasons\n\nBeside each status stands why; these are all there are.\n\n{listed}\n"


def _ordered(following: frozenset[DeploymentStatus]) -> Sequence[DeploymentStatus]:
    return [status for status in DeploymentStatus if status in following]


def _span(span: timedelta) -> str:
    if span == timedelta.max:
        return "never"
    seconds = int(span.total_seconds())
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
