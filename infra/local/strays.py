"""Processes that outlived their supervisor, found by the mark in their environment."""

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from infra.local.environment import mark

PROC = Path("/proc")
LONGEST_WAIT_S = 5.0


def strays(root: Path) -> Sequence[int]:
    """Ids of live processes of the platform in `root`, this one left out. Empty where there is no /proc."""
    marks = {f"{name}={value}".encode() for name, value in mark(root).items()}
    found = [int(entry.name) for entry in PROC.glob("[0-9]*") if marks & set(_environment(entry))]
    return [pid for pid in found if pid != os.getpid()]


def kill_strays(root: Path) -> Sequence[int]:
    """Kill them and wait until they are gone; returns those that were there. An ended one counts as gone."""
    found = strays(root)
    for pid in found:
        _kill(pid)
    deadline = time.monotonic() + LONGEST_WAIT_S
    while strays(root) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def has_ended(pid: int) -> bool:
    """Whether it is gone or only waits to be buried; False where there is no /proc to tell."""
    if not PROC.is_dir():
        return False
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] in {"Z", "X"}
    except FileNotFoundError:
        return True


def _environment(process: Path) -> Sequence[bytes]:
    try:
        return (process / "environ").read_bytes().split(b"\0")
    except OSError:
        # It has ended in between, or belongs to somebody else.
        return ()


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
