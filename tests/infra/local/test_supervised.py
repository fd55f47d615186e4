"""Supervised processes: started in order, back after a death, gone when told to."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.local.child import FIRST_PAUSE_S, LONGEST_PAUSE_S, RunningJob, RunningProgram
from infra.local.environment import mark
from infra.local.layout import Layout
from infra.local.programs import Job, Program
from infra.local.strays import has_ended, kill_strays, strays
from infra.local.supervisor import Supervisor
from tests.infra.local.cloud_client import await_that

SLEEPER = (sys.executable, "-c", "import time; time.sleep(60)")
FAILING = (sys.executable, "-c", "raise SystemExit(3)")


@pytest.fixture
def port() -> Iterator[int]:
    """A port that accepts: what a ready program looks like."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        number: int = server.getsockname()[1]
        yield number


def program(tmp_path: Path, ready: int, **changes: object) -> RunningProgram:
    spec = Program(**{"name": "one", "command": SLEEPER, "ready": ready, "about": "a test", **changes})  # type: ignore[arg-type]
    return RunningProgram(spec, dict(os.environ), tmp_path)


def stepping(
    child: RunningProgram | RunningJob, until: Callable[[], bool], ready: set[str] | None = None
) -> None:
    def step() -> bool:
        child.step(time.monotonic(), ready or set())
        return until()

    await_that(step)


def test_a_program_waits_for_what_it_needs(tmp_path: Path, port: int) -> None:
    child = program(tmp_path, port, needs=("store",))

    child.step(0, set())
    assert not child.alive

    child.step(0, {"store"})
    assert child.alive
    child.kill()


def test_a_killed_program_comes_back_and_is_ready_again(tmp_path: Path, port: int) -> None:
    child = program(tmp_path, port)
    stepping(child, lambda: child.ready)

    first = child.status()["pid"]
    os.kill(first, signal.SIGKILL)
    stepping(child, lambda: child.starts == 2 and child.ready)

    assert child.status()["pid"] not in (None, first)
    assert child.exit_code == -signal.SIGKILL
    child.kill()


def test_what_a_dead_program_left_in_its_group_is_killed(tmp_path: Path, port: int) -> None:
    child = program(
        tmp_path, port, command=("sh", "-c", f"sleep 60 & echo $! > {tmp_path}/left; wait"), name="two"
    )
    left = tmp_path / "left"
    try:
        stepping(child, left.exists)
        await_that(lambda: left.read_text().strip() != "")
        grandchild = int(left.read_text())

        os.kill(child.status()["pid"], signal.SIGKILL)
        stepping(child, lambda: not _lives(grandchild))
    finally:
        child.kill()
        left.unlink(missing_ok=True)


def test_the_pause_before_a_restart_doubles_up_to_a_bound(tmp_path: Path) -> None:
    child = program(tmp_path, 1, command=FAILING)
    now, pauses = 0.0, []

    for _ in range(8):
        child.step(now, set())
        _await_death(child)
        child.step(now, set())
        pauses.append(child.pause_s(now))
        now += pauses[-1]

    assert pauses[:3] == pytest.approx([FIRST_PAUSE_S, 2 * FIRST_PAUSE_S, 4 * FIRST_PAUSE_S])
    assert pauses[-1] == pytest.approx(LONGEST_PAUSE_S)


def test_a_job_runs_again_when_the_program_it_follows_has_restarted(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    spec = Job("job", ("sh", "-c", f"echo x >> {runs}"), "cloud", "a test")
    job = RunningJob(spec, dict(os.environ), tmp_path)

    job.track(1, followed_ready=True)
    stepping(job, lambda: job.ready)
    job.track(1, followed_ready=True)
    job.step(time.monotonic(), set())
    assert runs.read_text() == "x\n"

    job.track(1, followed_ready=False)
    assert not job.ready

    job.track(2, followed_ready=True)
    assert not job.ready
    stepping(job, lambda: job.ready)
    assert runs.read_text() == "x\nx\n"


def test_a_failing_job_is_tried_again(tmp_path: Path) -> None:
    done = tmp_path / "done"
    command = ("sh", "-c", f"test -e {done} || {{ touch {done}; exit 1; }}")
    job = RunningJob(Job("job", command, "cloud", "a test"), dict(os.environ), tmp_path)

    job.track(1, followed_ready=True)
    stepping(job, lambda: job.ready)

    assert job.starts == 2


def test_the_supervisor_stops_everything_when_told(tmp_path: Path, port: int) -> None:
    child = program(tmp_path, port)
    layout = Layout(tmp_path)
    layout.create()
    supervisor = Supervisor([child], layout)
    seen: list[int] = []

    def when_ready() -> None:
        if child.ready:
            seen.append(child.status()["pid"])
            supervisor.stop()

    supervisor.run(each_tick=when_ready)

    assert not child.alive
    assert not _lives(seen[0])


def test_processes_that_outlived_their_supervisor_are_found_by_their_mark_and_killed(tmp_path: Path) -> None:
    stray = subprocess.Popen(SLEEPER, env={**os.environ, **mark(tmp_path)}, start_new_session=True)
    other = subprocess.Popen(SLEEPER, env={**os.environ, **mark(tmp_path / "other")})
    try:
        await_that(lambda: list(strays(tmp_path)) == [stray.pid])
        kill_strays(tmp_path)

        assert stray.wait(timeout=5) == -signal.SIGKILL
        assert other.poll() is None
    finally:
        stray.kill()
        other.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands orphans to a chosen ancestor")
def test_orphans_are_handed_over_and_buried() -> None:
    program = """
import os, subprocess, sys, time
from infra.local import orphans
orphans.adopt()
middle = subprocess.Popen(["sh", "-c", "sleep 0.2 & echo $!"], stdout=subprocess.PIPE)
orphan = int(middle.communicate()[0])
own = subprocess.Popen(["true"])
while os.path.exists(f"/proc/{orphan}"):
    orphans.bury({own.pid})
    own.poll()
    time.sleep(0.02)
print(own.wait())
"""
    ended = subprocess.run(
        (sys.executable, "-c", program), capture_output=True, text=True, timeout=20, check=True
    )

    assert ended.stdout.strip() == "0"


def _await_death(child: RunningProgram) -> None:
    await_that(lambda: not child.alive)


def _lives(pid: int) -> bool:
    return not has_ended(pid)
