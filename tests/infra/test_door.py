"""The instance's door with its real parts: Caddy with our Caddyfile, the guard's server, and an Ollama that waits."""

import hashlib
import http.client
import json
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import trustme

from infra.cdktf.instance import guard, guard_server

CADDY = shutil.which("caddy", path=str(Path(sys.executable).parent)) or shutil.which("caddy")
USER_TOKEN, HEALTH_TOKEN = "fll_" + "u" * 43, "fll_" + "h" * 43
SHA = {
    name: hashlib.sha256(token.encode()).hexdigest()
    for name, token in (("user", USER_TOKEN), ("health", HEALTH_TOKEN))
}

pytestmark = pytest.mark.skipif(CADDY is None, reason="there is no caddy beside Python or on PATH")


class Ollama(BaseHTTPRequestHandler):
    """Echoes what reached it and lists `models`; a chat is answered only when `go_on` is set."""

    go_on = threading.Event()
    models: tuple[str, ...] = ()

    def do_POST(self) -> None:
        if self.path == "/api/chat":
            self.go_on.wait(10)
        self.do_GET()

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        body = json.dumps(
            {
                "path": self.path,
                "headers": {key.lower(): value for key, value in self.headers.items()},
                "models": [{"name": name} for name in self.models],
            }
        ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@dataclass
class Door:
    port: int
    trust: ssl.SSLContext
    home: Path

    def ask(
        self, method: str, path: str, token: str | None = None, *, body: Any = None, **headers: str
    ) -> tuple[int, Any]:
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.trust, timeout=10)
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or "null")
        finally:
            connection.close()


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    authority = trustme.CA()
    prepare_files(tmp_path, authority, monkeypatch)
    Ollama.go_on.clear()
    monkeypatch.setattr(Ollama, "models", ())
    ollama, keeper = serve(Ollama), serve(guard_server.Handler)
    port = free_port()
    caddyfile = tmp_path / "Caddyfile"
    caddyfile.write_text(rewritten(tmp_path, door=port, ollama=ollama.server_port, keeper=keeper.server_port))
    monkeypatch.setattr(guard_server, "USER_UPSTREAM", f"127.0.0.1:{ollama.server_port}")
    state = guard_server.State(lambda: datetime.now(UTC), guard_server.requests_under_way)
    # The answer is never kept here; how long it is kept has a test without a door.
    guard_server.Handler.state, guard_server.Handler.ready = (
        state,
        guard_server.Readiness(state.is_ready, count().__next__),
    )
    caddy = subprocess.Popen(
        [str(CADDY), "run", "--config", str(caddyfile), "--adapter", "caddyfile"],
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        stderr=(tmp_path / "caddy.log").open("wb"),
    )
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    try:
        wait_for(port, caddy, tmp_path / "caddy.log")
        yield Door(port, trust, tmp_path)
    finally:
        Ollama.go_on.set()
        caddy.terminate()
        caddy.wait(10)
        ollama.shutdown()
        keeper.shutdown()


def prepare_files(home: Path, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> None:
    leaf = authority.issue_cert("127.0.0.1")
    leaf.private_key_pem.write_to_path(str(home / "leaf.key"))
    leaf.cert_chain_pems[0].write_to_path(str(home / "leaf.pem"))
    authority.cert_pem.write_to_path(str(home / "ca.pem"))
    tokens = {"user_sha256": SHA["user"], "health_sha256": SHA["health"]}
    instance = {"placement_id": "dep_x-1", "model": {"tag": "llama3.2:1b"}, "tokens": tokens}
    (home / "instance.json").write_text(json.dumps(instance))
    (home / "phase.json").write_text(json.dumps({"phase": "pulling", "progress_pct": 40, "detail": "layer"}))
    places = {
        "INSTANCE_FILE": "instance.json",
        "CA_FILE": "ca.pem",
        "TOKENS_FILE": "tokens.json",
        "PHASE_FILE": "phase.json",
        "NOTICE_FILE": "notice.json",
        "EDGE_SOCKET": "admin.sock",
    }
    for name, file in places.items():
        monkeypatch.setattr(guard_server, name, home / file if name != "EDGE_SOCKET" else str(home / file))


def rewritten(home: Path, *, door: int, ollama: int, keeper: int) -> str:
    """Our Caddyfile with this test's ports and places; nothing else differs from what an instance runs."""
    text = (Path(guard.__file__).parent / "Caddyfile").read_text()
    for old, new in {"11434": str(door), "11435": str(ollama), "11436": str(keeper)}.items():
        text = text.replace(old, new)
    return text.replace("/etc/flowllama/tls", str(home)).replace("/run/flowllama-edge", str(home))


def serve(handler: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(100):
        assert process.poll() is None, log.read_text()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(log.read_text())


def test_a_token_opens_the_door_and_stays_outside(door: Door) -> None:
    status, seen = door.ask("POST", "/v1/chat/completions?x=1", USER_TOKEN, body={})

    assert (status, seen["path"]) == (200, "/v1/chat/completions?x=1")
    assert "authorization" not in seen["headers"], "Ollama has no use for the token"
    assert re.fullmatch(r"127\.0\.0\.1:\d+", seen["headers"]["host"])


def test_without_a_token_there_is_a_challenge(door: Door) -> None:
    connection = http.client.HTTPSConnection("127.0.0.1", door.port, context=door.trust, timeout=10)
    connection.request("GET", "/api/tags")
    answer = connection.getresponse()

    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert json.loads(answer.read())["status"] == 401
    connection.close()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/pull"),
        ("DELETE", "/api/delete"),
        ("GET", "/authorise"),
        ("GET", "/_flowllama/../api/pull"),
        ("POST", "/v1/%2e%2e/api/pull"),
        ("POST", "/v1//../api/pull"),
        ("PUT", "/_flowllama/tokens"),
    ],
)
def test_what_a_user_may_not_do_is_forbidden(door: Door, method: str, path: str) -> None:
    assert door.ask(method, path, USER_TOKEN)[0] == 403


def test_nobody_names_his_own_role(door: Door) -> None:
    claimed = {"X-Flowllama-Role": "health", "X-Forwarded-Method": "GET", "X-Forwarded-Uri": "/_flowllama/ca"}

    assert door.ask("POST", "/api/pull", None, **claimed)[0] == 401
    assert door.ask("POST", "/api/pull", USER_TOKEN, **claimed)[0] == 403
    assert door.ask("GET", "/api/tags", USER_TOKEN, **claimed)[1]["headers"]["x-flowllama-role"] == "user"


def test_use_under_way_is_counted_and_probes_are_not(door: Door) -> None:
    status = door.ask("GET", "/_flowllama/status", HEALTH_TOKEN)[1]
    assert (status["in_flight"], status["last_use_at"], status["phase"]) == (0, None, "pulling")
    assert door.ask("POST", "/api/generate", HEALTH_TOKEN, body={})[0] == 200
    assert door.ask("GET", "/_flowllama/status", HEALTH_TOKEN)[1]["last_use_at"] is None

    chat = threading.Thread(target=door.ask, args=("POST", "/api/chat", USER_TOKEN), kwargs={"body": {}})
    chat.start()
    assert eventually_in_flight(door, 1)
    Ollama.go_on.set()
    chat.join()
    assert eventually_in_flight(door, 0)
    assert door.ask("GET", "/_flowllama/status", USER_TOKEN)[1]["last_use_at"] is not None


def eventually_in_flight(door: Door, count: int) -> bool:
    for _ in range(100):
        if door.ask("GET", "/_flowllama/status", HEALTH_TOKEN)[1]["in_flight"] == count:
            return True
        time.sleep(0.05)
    return False


def test_health_rotates_the_users_token_and_the_new_one_survives(door: Door) -> None:
    fresh = "fll_" + "n" * 43
    body = {"user_sha256": hashlib.sha256(fresh.encode()).hexdigest()}

    assert door.ask("PUT", "/_flowllama/tokens", HEALTH_TOKEN, body=body) == (200, {"rotated": True})

    assert door.ask("GET", "/api/tags", USER_TOKEN)[0] == 401
    assert door.ask("GET", "/api/tags", fresh)[0] == 200
    assert (
        guard_server.State(lambda: datetime.now(UTC), lambda: 0).verifiers["user_sha256"]
        == body["user_sha256"]
    )


@pytest.mark.parametrize("body", [[], {"user_sha256": "x"}, {"user_sha256": "0" * 64, "more": "x" * 5000}])
def test_a_bad_rotation_changes_nothing(door: Door, body: Any) -> None:
    assert door.ask("PUT", "/_flowllama/tokens", HEALTH_TOKEN, body=body)[0] == 400
    assert door.ask("GET", "/api/tags", USER_TOKEN)[0] == 200


def test_anybody_may_read_the_root_and_only_health_can_check_it(door: Door) -> None:
    status, document = door.ask("GET", "/_flowllama/ca")

    assert status == 200
    assert document == guard.ca_document(document["ca_pem"], {"health_sha256": SHA["health"]})
    assert document["ca_pem"].startswith("-----BEGIN CERTIFICATE-----")


def test_a_balancer_learns_without_a_token_when_the_model_may_be_asked(door: Door) -> None:
    assert door.ask("GET", "/_flowllama/ready") == (503, None)
    Ollama.models = ("llama3.2:1b",)
    assert door.ask("GET", "/_flowllama/ready") == (503, None), "the model is listed before it is loaded"

    (door.home / "phase.json").write_text(json.dumps({"phase": "ready"}))

    assert door.ask("GET", "/_flowllama/ready") == (200, None)
    assert door.ask("GET", "/_flowllama/ready", "fll_wrong") == (200, None)
    assert door.ask("GET", "/_flowllama/status", HEALTH_TOKEN)[1]["last_use_at"] is None


def test_however_often_anybody_asks_ollama_is_asked_once_a_second() -> None:
    answers, seconds = iter([False, True]), [100.0]
    ready = guard_server.Readiness(lambda: next(answers), lambda: seconds[0])

    assert [ready(), ready()] == [False, False]
    seconds[0] += guard_server.READY_SECONDS
    assert [ready(), ready()] == [True, True]
