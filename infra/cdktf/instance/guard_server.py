"""The guard's HTTP server on the instance: Caddy asks it about every request, and it serves /_flowllama itself.

Standard library only; `guard` lies beside it. Requests under way are counted by Caddy, which sees them end: user
traffic and health's probes go to Ollama under two spellings of its address, so the two are counted apart.
"""

import http.client
import json
import os
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from . import guard

ADDRESS = ("127.0.0.1", 11436)
INSTANCE_FILE = Path("/etc/flowllama/instance.json")
CA_FILE = Path("/etc/flowllama/tls/ca.pem")
TOKENS_FILE = Path("/var/lib/flowllama/tokens.json")
PHASE_FILE = Path("/run/flowllama/phase.json")
NOTICE_FILE = Path("/run/flowllama-interruption/notice.json")
EDGE_SOCKET = "/run/flowllama-edge/admin.sock"
USER_UPSTREAM = "127.0.0.1:11435"
LONGEST_BODY = 4096
LONGEST_LIST = 1024 * 1024
READY_SECONDS = 1


class State:
    """What the guard knows. Verifiers survive a restart in a file; last use does not and starts as unknown."""

    def __init__(self, now: Callable[[], datetime], in_flight: Callable[[], int]) -> None:
        self._now, self._in_flight = now, in_flight
        self._lock = threading.Lock()
        self._last_use: datetime | None = None
        self.instance: dict[str, Any] = json.loads(INSTANCE_FILE.read_text())
        self.verifiers: dict[str, str] = read_json(TOKENS_FILE) or dict(self.instance["tokens"])

    def used(self) -> None:
        self._last_use = self._now()

    def status(self) -> dict[str, Any]:
        in_flight = self._in_flight()
        if in_flight:
            self.used()
        return guard.status_document(
            instance=self.instance,
            phase=read_json(PHASE_FILE) or {},
            in_flight=in_flight,
            last_use_at=self._last_use.isoformat() if self._last_use else None,
            interruption=read_json(NOTICE_FILE),
        )

    def is_ready(self) -> bool:
        return guard.is_ready(read_json(PHASE_FILE), listed_models(), self.instance["model"]["tag"])

    def rotate(self, body: Any) -> None:
        with self._lock:
            after = guard.rotated(self.verifiers, body)
            write_json(TOKENS_FILE, after)
            self.verifiers = after


class Readiness:
    """Whether the machine may be sent requests, asked at most once a second however often anybody wants to know."""

    def __init__(self, ask: Callable[[], bool], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._ask, self._monotonic = ask, monotonic
        self._lock = threading.Lock()
        self._ready, self._until = False, 0.0

    def __call__(self) -> bool:
        with self._lock:
            if self._monotonic() >= self._until:
                self._ready = self._ask()
                self._until = self._monotonic() + READY_SECONDS
            return self._ready


class Handler(BaseHTTPRequestHandler):
    """Every answer is short and closes nothing, so Caddy may keep the connection."""

    protocol_version = "HTTP/1.1"
    server_version = "flowllama-guard"
    sys_version = ""
    timeout = 10
    state: State
    ready: Readiness

    def answer(self) -> None:
        body = self._body()
        if body is None:
            self.close_connection = True
            self._send(400, guard.problem(400, "the body is too long or has no length"))
        elif urlsplit(self.path).path == "/authorise":
            self._authorise()
        else:
            self._own(urlsplit(self.path).path, body)

    do_GET = do_PUT = do_POST = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = answer  # noqa: N815 - the base class asks for these names

    def _authorise(self) -> None:
        method = self.headers.get("X-Forwarded-Method", "")
        path = self.headers.get("X-Forwarded-Uri", "").partition("?")[0]
        decision = self._decide(method, path)
        if not decision.allowed:
            self._refuse(decision)
            return
        if guard.counts_as_use(decision.role, method):
            self.state.used()
        self._send(200, {}, {"X-Flowllama-Role": decision.role or ""})

    def _own(self, path: str, body: bytes) -> None:
        decision = self._decide(self.command, path)
        if not decision.allowed:
            self._refuse(decision)
        elif path == guard.CA_PATH:
            self._send(200, guard.ca_document(CA_FILE.read_text(), self.state.verifiers))
        elif path == guard.READY_PATH:
            self._send(200 if self.ready() else 503)
        elif path == guard.STATUS_PATH:
            self._send(200, self.state.status())
        elif path == guard.TOKENS_PATH:
            self._rotate(body)
        else:
            self._send(404, guard.problem(404))

    def _rotate(self, body: bytes) -> None:
        try:
            self.state.rotate(json.loads(body))
        except ValueError as error:
            self._send(400, guard.problem(400, str(error)))
        else:
            self._send(200, {"rotated": True})

    def _decide(self, method: str, path: str) -> guard.Decision:
        return guard.authorise(
            method, path, guard.bearer(self.headers.get("Authorization")), self.state.verifiers
        )

    def _refuse(self, decision: guard.Decision) -> None:
        challenge = {"WWW-Authenticate": "Bearer"} if decision.role is None else {}
        self._send(decision.status, guard.problem(decision.status), challenge)

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal() or int(length) > LONGEST_BODY:
            return None
        return self.rfile.read(int(length))

    def _send(
        self, status: int, document: dict[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> None:
        body = b"" if document is None else json.dumps(document).encode()
        kind = "application/json" if status < 400 else "application/problem+json"  # noqa: PLR2004 - HTTP's own number
        self.send_response(status)
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Caddy keeps the access log; a second one would only repeat it."""


class _UnixConnection(http.client.HTTPConnection):
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(EDGE_SOCKET)


def listed_models() -> Any:
    """What Ollama has, in its own form, or None while it does not answer."""
    connection = http.client.HTTPConnection(USER_UPSTREAM, timeout=2)
    try:
        connection.request("GET", "/api/tags")
        return json.loads(connection.getresponse().read(LONGEST_LIST))
    except (OSError, ValueError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def requests_under_way() -> int:
    """How many requests of the user Caddy has open to Ollama. No Caddy means no request."""
    connection = _UnixConnection("localhost", timeout=2)
    try:
        # Over its socket, Caddy 2.6 takes a request for its administration only from a host without a name.
        connection.putrequest("GET", "/reverse_proxy/upstreams", skip_host=True)
        connection.putheader("Host", "")
        connection.endheaders()
        upstreams = json.loads(connection.getresponse().read())
        return sum(int(one["num_requests"]) for one in upstreams if one["address"] == USER_UPSTREAM)
    except (OSError, ValueError, TypeError, KeyError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def read_json(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return found


def write_json(path: Path, document: dict[str, Any]) -> None:
    """Replace the file in one step, so that a crash leaves the old or the new one."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        json.dump(document, file)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)


def main() -> None:
    state = State(lambda: datetime.now(UTC), requests_under_way)
    Handler.state, Handler.ready = state, Readiness(state.is_ready)
    with ThreadingHTTPServer(ADDRESS, Handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
