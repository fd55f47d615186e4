"""The supervisor seen from outside: is it there, what does it say, start it, end it."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import IO, Any

from infra.local.layout import Layout
from infra.local.settings import REPOSITORY
from infra.local.strays import has_ended, strays

STOP_TIMEOUT_S = 20.0


@dataclass(frozen=True)
class ChildStatus:
    name: str
    about: str
    pid: int | None
    ready: bool
    starts: int
    exit_code: int | None


def is_running(layout: Layout) -> bool:
    """Whether a supervisor lives: it holds a lock that the kernel takes back when it dies, however it dies."""
    if not layout.supervisor_lock.exists():
        return False
    with layout.supervisor_lock.open("a") as file:
        return not _lock(file)


def hold_supervisor_lock(layout: Layout) -> IO[str]:
    """Called by the supervisor; raises if another one runs. The lock lasts as long as the file stays open."""
    file = layout.supervisor_lock.open("a")
    if not _lock(file):
        raise RuntimeError("another supervisor runs in this directory")
    return file


def children(layout: Layout) -> list[ChildStatus]:
    """What the supervisor wrote last, corrected by what one can see: a process that has just died is not ready."""
    status = _status(layout)
    written = [ChildStatus(**child) for child in status["children"]] if status else []
    return [replace(one, ready=one.ready and (one.pid is None or not has_ended(one.pid))) for one in written]


def start_supervisor(layout: Layout, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start it in a session of its own, so that it outlives this terminal."""
    layout.status_file.unlink(missing_ok=True)
    with (layout.logs / "supervisor.log").open("ab") as log:
        return subprocess.Popen(
            (sys.executable, "-m", "infra.local.supervisor"),
            cwd=REPOSITORY,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def stop_supervisor(layout: Layout) -> bool:
    """Ask it to stop everything and wait; False if there was none."""
    status = _status(layout)
    if status is None or not is_running(layout):
        return False
    os.kill(int(status["pid"]), signal.SIGTERM)
    deadline = time.monotonic() + STOP_TIMEOUT_S
    # It lets go of its lock a moment before it is gone itself.
    while (is_running(layout) or int(status["pid"]) in strays(layout.root)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return True


@contextmanager
def one_at_a_time(layout: Layout) -> Iterator[None]:
    """Two `make up` at once would start everything twice: the second waits for the first."""
    layout.root.mkdir(parents=True, exist_ok=True)
    with (layout.root / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _status(layout: Layout) -> dict[str, Any] | None:
    try:
        status: dict[str, Any] = json.loads(layout.status_file.read_text())
    except FileNotFoundError:
        return None
    return status


def _lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
