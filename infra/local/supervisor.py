"""Keeps the platform's processes running: starts them in order, restarts what dies, stops all on SIGTERM.

honcho was tried first: its manager ends everything when one process ends and has no restart. A process that was
killed is back after 0.2 s, later and later if it keeps dying. Each process leads a group of its own, and what it
leaves behind in that group is killed before it starts again, as a container's death would.
"""

import json
import os
import signal
import time
from collections.abc import Callable, Sequence

from infra.local.child import Child, RunningJob, RunningProgram
from infra.local.environment import local_environment, process_environment
from infra.local.keys import ensure_keys
from infra.local.layout import Layout
from infra.local.orphans import adopt, bury, bury_all
from infra.local.ports import ports_from
from infra.local.programs import jobs, programs
from infra.local.running import hold_supervisor_lock
from infra.local.settings import local_settings
from infra.local.strays import kill_strays

TICK_S = 0.05
GRACE_S = 10.0  # `make down` resets everything, so nobody waits for a long drain.


class Supervisor:
    """One loop, no threads. The status file is rewritten whenever something changed."""

    def __init__(self, children: Sequence[Child], layout: Layout) -> None:
        self._children = {child.name: child for child in children}
        self._root = layout.root
        self._status_file = layout.status_file
        self._written = ""
        self._stopping = False

    def run(self, each_tick: Callable[[], None] = lambda: None) -> None:
        """Returns after `stop`, when all have ended."""
        while not self._stopping:
            self._tick()
            each_tick()
            time.sleep(TICK_S)
        self._shut_down()

    def stop(self) -> None:
        self._stopping = True

    def _tick(self) -> None:
        now = time.monotonic()
        ready = {name for name, child in self._children.items() if child.ready}
        for child in self._children.values():
            if child.follows:
                child.track(self._children[child.follows].starts, followed_ready=child.follows in ready)
            child.step(now, ready)
        self._bury_orphans()
        self._write_status()

    def _shut_down(self) -> None:
        """Ask all at once, services before what they stand on; kill what has not gone after the grace."""
        for child in reversed(self._children.values()):
            child.ask_to_stop()
        deadline = time.monotonic() + GRACE_S
        while any(child.alive for child in self._children.values()) and time.monotonic() < deadline:
            time.sleep(TICK_S)
        for child in self._children.values():
            child.kill()
        kill_strays(self._root)
        bury_all(timeout_s=GRACE_S)

    def _bury_orphans(self) -> None:
        bury({child.pid for child in self._children.values() if child.pid is not None})

    def _write_status(self) -> None:
        text = json.dumps(
            {"pid": os.getpid(), "children": [child.status() for child in self._children.values()]}
        )
        if text != self._written:
            beside = self._status_file.with_suffix(".new")
            beside.write_text(text)
            beside.replace(self._status_file)
            self._written = text


def main() -> None:
    settings = local_settings()
    layout, ports = Layout(settings.directory), ports_from(settings.port)
    table = local_environment(settings, ports, layout, ensure_keys(layout.keys))
    environment = process_environment(table, layout)
    children: list[Child] = [
        RunningProgram(each, environment, layout.logs) for each in programs(ports, layout)
    ]
    children += [RunningJob(each, environment, layout.logs) for each in jobs()]
    with hold_supervisor_lock(layout):
        supervisor = Supervisor(children, layout)
        adopt()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: supervisor.stop())
        supervisor.run()


if __name__ == "__main__":
    main()
