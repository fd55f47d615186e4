"""The edge routes by path, caps bodies, and answers every failure of its own with a problem document."""

import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from infra.local.settings import REPOSITORY
from tests.conftest import free_port
from tests.infra.local.cloud_client import answers, await_that

CADDY = Path(sys.executable).with_name("caddy")
SERVICES = ("AUTH", "DEPLOYMENTS", "PRICING", "HEALTH")


class Named(http.server.BaseHTTPRequestHandler):
    """Stands for a service: answers with its own name."""

    name = ""

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = self.name.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Server", "inner")
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer  # noqa: N815 - the base class asks for these names

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Caddy in front of three stand-ins; health is down."""
    home, port = tmp_path_factory.mktemp("edge"), free_port()
    servers = {name: _serve(name) for name in SERVICES if name != "HEALTH"}
    upstreams = {f"{name}_UPSTREAM": f"127.0.0.1:{server.server_port}" for name, server in servers.items()}
    environment = {
        **os.environ,
        **upstreams,
        "HEALTH_UPSTREAM": f"127.0.0.1:{free_port()}",
        "EDGE_ADDRESS": f"http://:{port}",
        "XDG_DATA_HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
    }
    command = (
        str(CADDY),
        "run",
        "--adapter",
        "caddyfile",
        "--config",
        str(REPOSITORY / "docker" / "Caddyfile"),
    )
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            await_that(lambda: answers(f"http://127.0.0.1:{port}/healthz"))
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=10)
            for server in servers.values():
                server.shutdown()
                server.server_close()


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/api/auth/login", "AUTH"),
        ("/.well-known/jwks.json", "AUTH"),
        ("/api/deployments", "DEPLOYMENTS"),
        ("/api/deployments/dep_a/events", "DEPLOYMENTS"),
        ("/api/models", "PRICING"),
        ("/api/models/llama3.2:1b", "PRICING"),
        ("/api/pricing/estimate", "PRICING"),
    ],
)
def test_each_path_reaches_its_service(edge: str, path: str, service: str) -> None:
    assert requests.get(edge + path, timeout=5).text == service


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/internal/token",
        "/api/internal/token",
        "/metrics",
        "/api/deploymentsx",
        "/api/auth/../../internal/token",
    ],
)
def test_nothing_else_is_reachable(edge: str, path: str) -> None:
    with requests.Session() as session:
        prepared = session.prepare_request(requests.Request("GET", edge))
        prepared.url = edge + path  # Unfolded, as a hostile client sends it.
        answer = session.send(prepared, timeout=5)

    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == 404


def test_a_body_over_one_mebibyte_is_refused(edge: str) -> None:
    fits = requests.post(f"{edge}/api/deployments", data=b"x" * (1 << 20), timeout=5)
    too_large = requests.post(f"{edge}/api/deployments", data=b"x" * ((1 << 20) + 1), timeout=5)

    assert fits.status_code == 200
    assert (too_large.status_code, too_large.json()["status"]) == (413, 413)


def test_a_service_that_is_down_is_a_problem_document_with_a_time_to_try_again(edge: str) -> None:
    answer = requests.get(f"{edge}/api/health/instances", timeout=10)

    assert answer.status_code == 502
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Retry-After"] == "2"


def test_answers_carry_security_headers_and_name_no_server(edge: str) -> None:
    for path in ("/api/models", "/nothing"):
        headers = requests.get(edge + path, timeout=5).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert "Server" not in headers


def _serve(name: str) -> http.server.ThreadingHTTPServer:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type(name, (Named,), {"name": name}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
