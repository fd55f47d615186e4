"""The proof by Describe calls that nothing is left, and the end of what is.

Terraform knows what is in its state and nothing else. What a killed run created without writing it down is found
here, by tag, and terminated; nothing is called gone before the cloud was seen empty twice in a row.
"""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from services.agent.cloud import Cloud
from services.agent.resource import Place, RecordName, Resource, Tags
from services.chassis.errors import RetryError
from services.chassis.logs import get_logger

log = get_logger(__name__)

SWEEPS = 2
RETRY_S = 30.0


@dataclass(frozen=True)
class Target:
    """Where to look, and for what: each kind is a question to the cloud."""

    cloud: Cloud
    place: Place
    tags: Tags
    kinds: Sequence[str]
    names: Sequence[RecordName] = ()


@dataclass(frozen=True)
class Patience:
    """`pause` waits between looks and raises when the run has to stop; after `limit_s` we give up for now."""

    interval_s: float
    limit_s: float
    pause: Callable[[float], None]
    monotonic: Callable[[], float] = time.monotonic


def until_empty(targets: Sequence[Target], patience: Patience, *, keep: Collection[str] = ()) -> int:
    """Remove everything but the ids to keep until two looks in a row find nothing; returns those looks' number.

    Raises `RetryError` when the cloud still lists something after the limit: it stays on somebody's list.
    """
    deadline = patience.monotonic() + patience.limit_s
    empty = 0
    while True:
        strays = [stray for target in targets for stray in _look(target, keep)]
        empty = 0 if strays else empty + 1
        if empty == SWEEPS:
            return empty
        if strays and patience.monotonic() >= deadline:
            log.error("cloud_not_empty", left=[f"{stray.kind} {stray.id}" for stray in strays])
            raise RetryError(
                RETRY_S, f"the cloud still lists {len(strays)} resources, such as {strays[0].id}"
            )
        patience.pause(patience.interval_s)


def once(targets: Sequence[Target], *, keep: Collection[str] = ()) -> None:
    """One look, and the removal of what it finds; no proof of anything."""
    for target in targets:
        _look(target, keep)


def _look(target: Target, keep: Collection[str]) -> Sequence[Resource]:
    """What costs comes first, so that it ends although nobody may look at its name."""
    listed = target.cloud.listed(target.place, target.tags, target.kinds)
    kept = _with_what_is_attached(keep, listed)
    strays = _removed(target, [found for found in listed if found.id not in kept])
    names = target.cloud.records(target.place, target.names)
    return [*strays, *_removed(target, [found for found in names if found.id not in keep])]


def _removed(target: Target, strays: Sequence[Resource]) -> Sequence[Resource]:
    if strays:
        log.warning("strays_found", region=target.place.region, strays=[f"{s.kind} {s.id}" for s in strays])
        target.cloud.remove(target.place, strays)
    return strays


def _with_what_is_attached(keep: Collection[str], listed: Sequence[Resource]) -> Collection[str]:
    """Terraform knows a scaling group and not its machines, nor those machines' disks: all of them are the group's."""
    kept = set(keep)
    while more := {found.id for found in listed if found.attached_to in kept} - kept:
        kept |= more
    return kept
