"""How a process lives: start its threads, serve, and on SIGTERM stop taking work, finish it, and leave.

An HTTP process runs gunicorn (one worker process, threads); a worker process runs its slots and serves only its
probes. Either way the same background threads (relay, verifier, recovery) run beside.
"""

import signal
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from werkzeug.serving import make_server

from services.chassis.config import CommonSettings
from services.chassis.garbage import settle
from services.chassis.http import CLIENT_ADDRESS_HEADER
from services.chassis.logs import get_logger

log = get_logger(__name__)

Task = Callable[[threading.Event], None]
DRAIN_S = 30
RESTART_S = 1.0


def serve_http(settings: CommonSettings, build: Callable[[], tuple[Flask, Sequence[Task]]]) -> None:
    """Serve until SIGTERM. `build` runs in the serving process, so that no connection crosses a fork."""
    _Gunicorn(settings, build).run()


def serve_worker(
    settings: CommonSettings, app: Flask, tasks: Sequence[Task], *, drain_s: float = DRAIN_S
) -> None:
    """Run the tasks and the app's probes until SIGTERM or SIGINT, then give the tasks `drain_s` to end."""
    app.config[CLIENT_ADDRESS_HEADER] = settings.client_address_header
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    server = make_server(settings.bind, settings.port, app, threaded=True)
    threading.Thread(target=server.serve_forever, name="probes", daemon=True).start()
    threads = start(tasks, stopping)
    log.info("process_started", port=settings.port, tasks=[thread.name for thread in threads])
    stopping.wait()
    log.info("process_draining")
    until = time.monotonic() + drain_s
    for thread in threads:
        thread.join(timeout=max(0.0, until - time.monotonic()))
    server.shutdown()
    log.info("process_stopped", unfinished=[thread.name for thread in threads if thread.is_alive()])


def start(tasks: Sequence[Task], stopping: threading.Event) -> Sequence[threading.Thread]:
    """Each task in a thread named after it; one that raises is logged and started again."""
    threads = [
        threading.Thread(target=_keep_running, args=(task, stopping), name=_name(task), daemon=True)
        for task in tasks
    ]
    for thread in threads:
        thread.start()
    return threads


def _keep_running(task: Task, stopping: threading.Event) -> None:
    """A thread that died in silence would leave a process that looks alive and does half of its work."""
    while not stopping.is_set():
        try:
            task(stopping)
        except Exception as error:
            log.exception("task_failed", task=_name(task), error=type(error).__name__)
            stopping.wait(RESTART_S)
        else:
            return


def _name(task: Task) -> str:
    owner = getattr(task, "__self__", None)
    return type(owner).__name__.lower() if owner is not None else getattr(task, "__name__", "task")


class _Gunicorn(BaseApplication):  # type: ignore[misc]  # gunicorn has no types.
    def __init__(self, settings: CommonSettings, build: Callable[[], tuple[Flask, Sequence[Task]]]) -> None:
        self._settings = settings
        self._build = build
        self._stopping = threading.Event()
        super().__init__()

    def load_config(self) -> None:
        for name, value in {
            "bind": f"{self._settings.bind}:{self._settings.port}",
            "worker_class": "gthread",
            "workers": 1,
            "threads": self._settings.threads,
            "graceful_timeout": DRAIN_S,
            "keepalive": 15,
            "limit_request_line": 4094,
            "limit_request_fields": 60,
            "accesslog": None,
            "logger_class": "gunicorn.glogging.Logger",
            "worker_exit": lambda _server, _worker: self._stopping.set(),
            "control_socket_disable": True,
        }.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Any:
        app, tasks = self._build()
        app.config[CLIENT_ADDRESS_HEADER] = self._settings.client_address_header
        settle()
        start(tasks, self._stopping)
        return app
