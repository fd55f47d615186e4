"""`make up`: write the environment, start the supervisor, wait until everything is ready, say how to go on."""

import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path

from infra.local.environment import local_environment, process_environment, write_environment
from infra.local.keys import ensure_keys
from infra.local.layout import Layout
from infra.local.ports import Ports, ports_from
from infra.local.running import ChildStatus, children, is_running, one_at_a_time, start_supervisor
from infra.local.settings import LocalSettings
from infra.local.strays import kill_strays

READY_TIMEOUT_S = 180.0
HOPELESS_STARTS = 8
LAST_LINES = 5
KEPT_LOGS = 3


def up(settings: LocalSettings) -> int:
    """Exit status 0 once all is ready. Repeating it changes nothing and takes a moment."""
    layout, ports = Layout(settings.directory), ports_from(settings.port)
    layout.create()
    with one_at_a_time(layout):
        supervisor = None
        if not is_running(layout):
            kill_strays(layout.root)
            taken = _taken(ports)
            if taken:
                _say(
                    f"Ports in use by other programs: {', '.join(map(str, taken))}. Set FLOWLLAMA_PORT to move all."
                )
                return 1
            supervisor = _start(settings, ports, layout)
        waiting = _wait(layout, supervisor)
    if waiting:
        _explain(layout, waiting)
        return 1
    _greet(settings, layout)
    return 0


def _start(settings: LocalSettings, ports: Ports, layout: Layout) -> subprocess.Popen[bytes]:
    table = local_environment(settings, ports, layout, ensure_keys(layout.keys))
    write_environment(layout.environment_file, table)
    _rotate(layout.logs)
    _say(f"Starting FlowLlama on port {settings.port}; logs in {_short(layout.logs)}")
    return start_supervisor(layout, process_environment(table, layout))


def _wait(layout: Layout, supervisor: subprocess.Popen[bytes] | None) -> Sequence[ChildStatus]:
    """Print each child as it becomes ready; returns those that did not."""
    began, seen = time.monotonic(), set[str]()
    while True:
        now = children(layout)
        for child in now:
            if child.ready and child.name not in seen:
                seen.add(child.name)
                _say(f"  {time.monotonic() - began:5.1f} s  {child.name:18} {child.about}")
        waiting = [child for child in now if not child.ready]
        if now and not waiting:
            return ()
        dead = supervisor is not None and supervisor.poll() is not None
        hopeless = any(child.starts >= HOPELESS_STARTS for child in waiting)
        if dead or hopeless or time.monotonic() - began > READY_TIMEOUT_S:
            return waiting or (_no_supervisor(),)
        time.sleep(0.1)


def _no_supervisor() -> ChildStatus:
    return ChildStatus(
        "supervisor", "keeps the processes running", None, ready=False, starts=1, exit_code=None
    )


def _explain(layout: Layout, waiting: Sequence[ChildStatus]) -> None:
    _say("Not ready: " + ", ".join(child.name for child in waiting))
    # A child that was never started waits for another one, which is in this list too.
    for child in [one for one in waiting if one.starts]:
        log = layout.logs / f"{child.name}.log"
        lines = log.read_text(errors="replace").splitlines()[-LAST_LINES:] if log.exists() else []
        _say(f"\n--- {_short(log)} (started {child.starts} times, last exit status {child.exit_code})")
        _say("\n".join(lines))
    _say("\nWhat did start keeps running: `make logs`, `make down`.")


def _greet(settings: LocalSettings, layout: Layout) -> None:
    address = f"http://127.0.0.1:{settings.port}"
    _say(
        f"""
FlowLlama is up: {address}
  try    curl -s {address}/api/models
  demo   make demo          deploys a model, uses it, breaks it, deletes it
  logs   make logs          or {_short(layout.logs)}/<process>.log
  stop   make down          stops everything and resets store and cloud"""
    )


def _taken(ports: Ports) -> Sequence[int]:
    return [port for port in astuple(ports) if _accepts(port)]


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _rotate(logs: Path) -> None:
    """Each start begins new logs and keeps the last few."""
    for log in logs.glob("*.log"):
        for number in range(KEPT_LOGS - 1, 0, -1):
            older = log.with_suffix(f".log.{number}")
            if older.exists():
                older.replace(log.with_suffix(f".log.{number + 1}"))
        log.replace(log.with_suffix(".log.1"))


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _say(text: str) -> None:
    print(text, flush=True, file=sys.stdout)
