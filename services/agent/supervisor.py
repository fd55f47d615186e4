"""`python -m services.agent.supervisor`: runs Terraform's commands in turn, and ends them safely.

It reads a job as one JSON line from stdin, then at most the line `interrupt`; the end of stdin means that its
parent is gone. Terraform writes to a file and never to a pipe, so that no death of a reader can kill it; the
supervisor copies the file's lines to its own stdout. The exit status is that of the last command, 128 + n for
signal n.

Terraform is asked to stop by exactly one SIGINT to its own pid: a second one would abort it, and one to its group
would kill the provider in the middle of a create. What asks: the parent, the parent's death, the time limit, or
half a lease without a successful renewal. SIGKILL comes only when the lease ends. Should the supervisor itself be
killed, the kernel sends that SIGINT (PR_SET_PDEATHSIG; Linux only) to the tether between the two, which passes it
on once (`tether.py`).
"""

import ctypes
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

TICK_S = 0.05
RENEWALS_PER_LEASE = 9
WIND_DOWN_S = 60.0  # From the SIGINT to SIGKILL where no lease says it.
LAST_WORDS_S = 5.0  # A lost lease leaves this much; successors wait longer than that.
STEPS_ENDED_EARLY = 130
PR_SET_PDEATHSIG = 1
TETHER = str(Path(__file__).with_name("tether.py"))


class Lease(Protocol):
    ttl_s: float

    def renew(self) -> bool:
        """Whether it is still ours. Raises anything when that can't be known."""


@dataclass(frozen=True)
class Job:
    """`steps` are argument lists; `output` is the file Terraform writes to, `lock` one that it keeps locked."""

    steps: tuple[tuple[str, ...], ...]
    directory: str
    environment: Mapping[str, str]
    limit_s: float
    output: str
    lock: str
    lease: Mapping[str, Any] | None


class Watch:
    """Why Terraform has to stop, and when it has to be dead."""

    def __init__(self, limit_s: float) -> None:
        self._lock = threading.Lock()
        self.limit_at = time.monotonic() + limit_s
        self.reason: str | None = None
        self.kill_at: float | None = None  # Moves with each renewal of the lease.

    def interrupt(self, reason: str) -> None:
        with self._lock:
            self.reason = self.reason or reason

    def look(self) -> None:
        if time.monotonic() >= self.limit_at:
            self.interrupt("time_limit")

    @property
    def is_winding_down_alone(self) -> bool:
        """Nobody waits for the end any more, so the lease is left to run out."""
        return self.reason in ("parent_gone", "time_limit")


def run(job: Job, lease: Lease | None, parent: BinaryIO, copy_to: BinaryIO) -> int:
    """Run the steps until one fails or something asks to stop; returns the exit status to pass on."""
    watch = Watch(job.limit_s)
    threading.Thread(target=_listen, args=(parent, watch), daemon=True).start()
    if lease is not None:
        threading.Thread(target=_keep, args=(lease, watch), daemon=True).start()
    done = threading.Event()
    with Path(job.output).open("ab") as output, Path(job.output).open("rb") as copied:
        copied.seek(0, os.SEEK_END)
        copying = threading.Thread(target=_copy, args=(copied, copy_to, done), daemon=True)
        copying.start()
        status = _run_steps(job, watch, output)
        done.set()
        copying.join(timeout=WIND_DOWN_S)
    return status


def _run_steps(job: Job, watch: Watch, output: BinaryIO) -> int:
    status = 0
    with Path(job.lock).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # Terraform and its provider inherit it.
        for step in job.steps:
            if watch.reason is not None:
                _note(output, "interrupting", reason=watch.reason)
                return STEPS_ENDED_EARLY
            status = _run_step(step, job, watch, output, lock.fileno())
            if status != 0:
                break
    return status


def _run_step(step: tuple[str, ...], job: Job, watch: Watch, output: BinaryIO, lock: int) -> int:
    # Forked from the main thread, because the kernel's death signal follows the thread that forked.
    child = subprocess.Popen(
        (sys.executable, "-I", "-S", TETHER, *step),
        cwd=job.directory,
        env=dict(job.environment),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        process_group=0,
        pass_fds=(lock,),
        preexec_fn=_tied_to_parent(),  # noqa: PLW1509 - it makes one system call and nothing else.
    )
    _leave_pid(lock, child.pid)
    asked = False
    while (status := child.poll()) is None:
        watch.look()
        if watch.reason is not None and not asked:
            asked = True
            _note(output, "interrupting", reason=watch.reason)
            watch.kill_at = watch.kill_at or time.monotonic() + WIND_DOWN_S
            os.kill(child.pid, signal.SIGINT)
        if asked and watch.kill_at is not None and time.monotonic() >= watch.kill_at:
            _note(output, "killing", reason="lease_ended")
            os.killpg(child.pid, signal.SIGKILL)
        time.sleep(TICK_S)
    return status if status >= 0 else 128 - status


def _leave_pid(lock: int, pid: int) -> None:
    """In the lock file, for the agent that finds the lock still held after we are gone."""
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(pid).encode(), 0)


def _tied_to_parent() -> Callable[[], None]:
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    return lambda: prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def _listen(parent: BinaryIO, watch: Watch) -> None:
    line = parent.readline()
    watch.interrupt("asked" if line.strip() == b"interrupt" else "parent_gone")
    while line and parent.readline():
        pass
    if line:
        watch.reason = "parent_gone" if watch.reason == "asked" else watch.reason


def _keep(lease: Lease, watch: Watch) -> None:
    """Renew until nobody waits any more; a lease that can't be renewed for half its time stops Terraform."""
    renewed_at = time.monotonic()
    watch.kill_at = renewed_at + lease.ttl_s
    while not watch.is_winding_down_alone:
        begun = time.monotonic()
        try:
            if not lease.renew():
                watch.interrupt("lease_lost")
                watch.kill_at = time.monotonic() + LAST_WORDS_S
                return
            renewed_at = begun
            watch.kill_at = renewed_at + lease.ttl_s
        except Exception as error:  # noqa: BLE001 - whatever keeps us from renewing is counted the same way.
            print(f"lease not renewed: {type(error).__name__}", file=sys.stderr)  # noqa: T201
        if time.monotonic() - renewed_at >= lease.ttl_s / 2:
            watch.interrupt("lease_not_renewed")
        time.sleep(lease.ttl_s / RENEWALS_PER_LEASE)


def _copy(source: BinaryIO, target: BinaryIO, done: threading.Event) -> None:
    """Hand on what Terraform writes. A reader who has gone is no reason to stop."""
    while True:
        last = done.is_set()
        try:
            while chunk := source.read(65_536):
                target.write(chunk)
            target.flush()
        except (BrokenPipeError, ValueError):
            return
        if last:
            return
        done.wait(TICK_S)


def _note(output: BinaryIO, what: str, **fields: str) -> None:
    line = {"@level": "warn", "@message": f"supervisor: {what}", "type": "supervisor", "what": what, **fields}
    output.write(json.dumps(line).encode() + b"\n")
    output.flush()


class _StoredLease:
    """A run's lease in the store, over a connection of our own. Imports are late: Terraform already runs meanwhile."""

    def __init__(self, where: Mapping[str, Any]) -> None:
        self.ttl_s = float(where["ttl_s"])
        self._where = where
        self._collection: Any = None

    def renew(self) -> bool:
        from services.chassis import leases

        if self._collection is None:
            from pymongo import MongoClient

            budget_ms = int(self.ttl_s * 1000 / 4)
            client: MongoClient[Any] = MongoClient(
                self._where["uri"],
                w="majority",
                journal=True,
                serverSelectionTimeoutMS=budget_ms,
                socketTimeoutMS=budget_ms,
            )
            self._collection = client[self._where["database"]][self._where["collection"]]
        return leases.renew(
            self._collection,
            self._where["id"],
            field=self._where["field"],
            owner=self._where["owner"],
            epoch=self._where["epoch"],
            ttl_s=self.ttl_s,
        )


def main() -> int:
    job = Job(**json.loads(sys.stdin.buffer.readline()))
    # A terminal's Ctrl-C and a manager's SIGTERM are for the agent to pass on, in its own order. They are handled
    # and not ignored, because Terraform would inherit an ignored SIGINT and then never stop.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    lease = _StoredLease(job.lease) if job.lease else None
    status = run(job, lease, sys.stdin.buffer, sys.stdout.buffer)
    sys.stdout.flush()
    os._exit(status)  # Threads that still wait for the store or for stdin must not hold the end up.


if __name__ == "__main__":
    sys.exit(main())
