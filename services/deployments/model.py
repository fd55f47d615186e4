"""The life of a deployment: its states, what may follow what, and when a state has lasted too long.

A record changes state only through `move`. An illegal move raises, and a repeated one is a no-op that the
caller can see, because messages come more than once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from contracts.vocabulary import DeploymentStatus, Reason, Tier
from services.chassis.errors import ConflictError

S = DeploymentStatus

TRANSITIONS: Mapping[S, frozenset[S]] = {
    S.REQUESTED: frozenset({S.SELECTING, S.DELETING, S.NEEDS_ATTENTION}),
    S.SELECTING: frozenset({S.PROVISIONING, S.FAILED, S.DELETING, S.NEEDS_ATTENTION}),
    S.PROVISIONING: frozenset({S.STARTING, S.FAILED, S.DELETING, S.NEEDS_ATTENTION}),
    S.STARTING: frozenset({S.RUNNING, S.UNHEALTHY, S.DELETING, S.NEEDS_ATTENTION}),
    S.RUNNING: frozenset({S.UNHEALTHY, S.DELETING}),
    S.UNHEALTHY: frozenset({S.RUNNING, S.UNHEALTHY, S.DELETING}),  # Again, with another reason.
    S.FAILED: frozenset({S.DELETING}),
    S.NEEDS_ATTENTION: frozenset(
        {S.PROVISIONING, S.STARTING, S.RUNNING, S.UNHEALTHY, S.FAILED, S.DELETING, S.DELETED}
    ),
    S.DELETING: frozenset({S.DELETED, S.NEEDS_ATTENTION}),
    S.DELETED: frozenset(),
}

# A command is with the agent: the deployment holds one of its user's slots.
IN_FLIGHT = frozenset({S.SELECTING, S.PROVISIONING, S.DELETING})

ENDED = frozenset({S.DELETED, S.FAILED})


@dataclass(frozen=True)
class Deadline:
    """After `nudge_every` in a state the command is announced again; after `stuck_after` a person is needed."""

    nudge_every: timedelta
    stuck_after: timedelta


# A requested deployment may wait long for its turn, so it is never called stuck.
DEADLINES: Mapping[S, Deadline] = {
    S.REQUESTED: Deadline(timedelta(seconds=60), timedelta.max),
    S.SELECTING: Deadline(timedelta(minutes=2), timedelta(hours=1)),
    S.PROVISIONING: Deadline(timedelta(minutes=5), timedelta(hours=1)),
    S.STARTING: Deadline(timedelta(minutes=5), timedelta(hours=3)),
    S.DELETING: Deadline(timedelta(minutes=3), timedelta(hours=1)),
}

IN_FLIGHT_CAP: Mapping[Tier, int] = {Tier.FREE: 1, Tier.PAID: 4}
# Machines, all live deployments together: replicas count at their most.
LIVE_CAP: Mapping[Tier, int] = {Tier.FREE: 20, Tier.PAID: 200}


class IllegalMoveError(ConflictError):
    """The state machine has no such arrow."""


@dataclass(frozen=True)
class Move:
    """A change of state: what to write, and the line of history it leaves."""

    previous: DeploymentStatus
    status: DeploymentStatus
    changes: Mapping[str, Any]
    history: Mapping[str, Any]


def move(
    deployment: Mapping[str, Any],
    to: DeploymentStatus,
    reason: Reason,
    now: datetime,
    *,
    detail: str | None = None,
) -> Move:
    """The change that takes a deployment to another state. Raises `IllegalMoveError`."""
    current = DeploymentStatus(deployment["status"])
    if to not in TRANSITIONS[current]:
        raise IllegalMoveError(f"a deployment that is {current} can't become {to}")
    deadline = DEADLINES.get(to)
    changes = {
        "status": to.value,
        "reason": reason.value,
        "detail": detail,
        "sequence": deployment["sequence"] + 1,
        "status_since": now,
        "updated_at": now,
        "next_at": now + deadline.nudge_every if deadline else None,
    }
    history = {"status": to.value, "reason": reason.value, "detail": detail, "at": now}
    return Move(current, to, changes, history)


def is_stuck(deployment: Mapping[str, Any], now: datetime) -> bool:
    """Whether its state has lasted longer than any healthy run of it."""
    deadline = DEADLINES.get(DeploymentStatus(deployment["status"]))
    if deadline is None or deadline.stuck_after == timedelta.max:
        return False
    since: datetime = deployment["status_since"]
    return now - since > deadline.stuck_after


def is_current(deployment: Mapping[str, Any], generation: int, placement_id: str | None = None) -> bool:
    """Whether an event speaks of what the user wants now; late ones of an older intent are dropped."""
    if generation != deployment["generation"]:
        return False
    placement = deployment.get("placement") or {}
    return placement_id is None or placement.get("placement_id") == placement_id
