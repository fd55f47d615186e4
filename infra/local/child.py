"""A supervised process: its start, its readiness, its death and its return."""

import http.client
import os
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from infra.local.programs import Job, Program
from infra.local.settings import REPOSITORY

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 10.0
STEADY_AFTER_S = 10.0  # One that ran this long starts its back-off anew.
PROBE_EVERY_S = 0.2
PROBE_TIMEOUT_S = 1.0
HTTP_OK = 200


class Child(ABC):
    """What programs and jobs share. Call `step` often; it never blocks longer than one probe."""

    follows: str | None = None

    def __init__(self, spec: Program | Job, environment: Mapping[str, str], logs: Path) -> None:
        self._spec = spec
        self.name = spec.name
        self._environment = {**environment, **getattr(spec, "environment", {})}
        self._log = logs / f"{spec.name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._start_at = 0.0
        self._failures = 0
        self.starts = 0
        self.ready = False
        self.exit_code: int | None = None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """Until its end has been noticed by `step`."""
        return self._process.pid if self._process is not None else None

    def track(self, starts: int, *, followed_ready: bool) -> None:  # noqa: B027 - a program follows nothing.
        """Hear of the process this one follows."""

    @abstractmethod
    def step(self, now: float, ready: Collection[str]) -> None:
        """Start, probe or bury, whatever is due."""

    def pause_s(self, now: float) -> float:
        """How long it stays away from `now` on."""
        return max(0.0, self._start_at - now)

    def ask_to_stop(self) -> None:
        """Only the process itself is asked: it knows what its own children may be told."""
        if self._process is not None:
            self._process.terminate()

    def kill(self) -> None:
        """Kill the whole group and wait for its leader's end."""
        if self._process is not None:
            _kill_group(self._process.pid)
            self._process.wait()

    def status(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "about": self._spec.about,
            "pid": self._process.pid if self._process is not None and self.alive else None,
            "ready": self.ready,
            "starts": self.starts,
            "exit_code": self.exit_code,
        }

    def _start(self, now: float) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._spec.command,
                cwd=REPOSITORY,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._started = now
        self.starts += 1

    def _bury(self, now: float) -> int:
        """Take note of the end, clear what the process left in its group, and set the time of its return."""
        process = self._process
        if process is None or process.returncode is None:
            raise RuntimeError("only an ended process is buried")
        _kill_group(process.pid)
        self._process = None
        self.ready = False
        self.exit_code = process.returncode
        self._failures = 1 if now - self._started > STEADY_AFTER_S else self._failures + 1
        self._start_at = now + min(FIRST_PAUSE_S * 2 ** (self._failures - 1), LONGEST_PAUSE_S)
        return process.returncode


class RunningProgram(Child):
    """A program is started again for as long as the supervisor lives."""

    _next_probe = 0.0

    def step(self, now: float, ready: Collection[str]) -> None:
        spec = self._spec
        if self._process is None:
            if now >= self._start_at and (self.starts or set(spec.needs) <= set(ready)):
                self._start(now)
        elif not self.alive:
            self._bury(now)
        elif not self.ready and now >= self._next_probe and isinstance(spec, Program):
            self.ready = answers(spec.ready)
            self._next_probe = time.monotonic() + PROBE_EVERY_S


class RunningJob(Child):
    """A job runs once for every start of the program it follows, again and again until it succeeds."""

    def __init__(self, spec: Job, environment: Mapping[str, str], logs: Path) -> None:
        super().__init__(spec, environment, logs)
        self.follows = spec.follows
        self._done_for = 0
        self._wanted_for = 0
        self._runs_for = 0

    @property
    def pid(self) -> int | None:
        """Until its end has been noticed by `step`."""
        return self._process.pid if self._process is not None else None

    def track(self, starts: int, *, followed_ready: bool) -> None:
        if followed_ready and starts != self._wanted_for:
            self._wanted_for, self._failures, self._start_at = starts, 0, 0.0
        self.ready = followed_ready and self._done_for == starts

    def step(self, now: float, ready: Collection[str]) -> None:
        if self._process is None:
            wanted = self._wanted_for > self._done_for and now >= self._start_at
            if wanted and set(self._spec.needs) <= set(ready):
                self._runs_for = self._wanted_for
                self._start(now)
        elif not self.alive and self._bury(now) == 0:
            self._done_for = self._runs_for
            self.ready = self._done_for == self._wanted_for


def answers(ready: str | int) -> bool:
    """Whether the port accepts, or the URL answers 200, right now."""
    try:
        if isinstance(ready, int):
            with socket.create_connection(("127.0.0.1", ready), PROBE_TIMEOUT_S):
                return True
        return _status(ready) == HTTP_OK
    except (OSError, http.client.HTTPException):
        return False


def _status(url: str) -> int:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PROBE_TIMEOUT_S)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status
    finally:
        connection.close()


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # The group is empty already (macOS answers with the second error for one that holds only zombies).
        return
