"""The real process: killed at any moment and started again, it has forgotten nothing."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from services.chassis.auth_verify import over_http
from services.chassis.config import common, read
from services.chassis.errors import UnauthenticatedError
from services.chassis.mongo import Store
from services.chassis.service_client import ServiceClient
from tests.conftest import free_port

pytestmark = pytest.mark.processes

SECRET = "s" * 43
ACCOUNT = {"email": "ada@example.org", "password": "correct horse battery"}
START_LIMIT_S = 60

Start = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def start(
    store: Store, store_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Start, str]]:
    """Starts auth and waits until it is ready; whatever still runs at the end is killed."""
    key, port = tmp_path / "key.pem", free_port()
    private = Ed25519PrivateKey.generate()
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    for name, value in {
        "AUTH_PORT": str(port),
        "AUTH_URL": f"http://127.0.0.1:{port}",
        "AUTH_SIGNING_KEYS": str(key),
        "SERVICE_CLIENTS": json.dumps({"agent": hashlib.sha256(SECRET.encode()).hexdigest()}),
        "FLOWLLAMA_SEALING_KEYS": Fernet.generate_key().decode(),
        "MONGODB_URI": store_uri,
        "MONGODB_DATABASE": store.name,
    }.items():
        monkeypatch.setenv(name, value)
    started: list[subprocess.Popen[bytes]] = []

    def run() -> "subprocess.Popen[bytes]":
        with (tmp_path / "log").open("ab") as log:
            command = [sys.executable, "-m", "services.auth", "api"]
            process = subprocess.Popen(
                command, stdout=log, stderr=log, env=os.environ, start_new_session=True
            )
        started.append(process)
        _await_ready(f"http://127.0.0.1:{port}/readyz", process)
        return process

    yield run, f"http://127.0.0.1:{port}"
    for process in started:
        _kill(process)


def test_sessions_and_their_end_outlive_a_killed_process(start: tuple[Start, str]) -> None:
    run, url = start
    process = run()
    assert _post(url, "register", ACCOUNT).status_code == 202
    first = _post(url, "login", ACCOUNT).json()
    verifier = over_http(read(lambda env: common(env, service="agent", default_port=0)))
    assert verifier.user(first["access_token"]).tier == "free"

    _kill(process)
    assert verifier.user(first["access_token"]), "known keys go on working while auth is away"
    process = run()

    second = _post(url, "refresh", {"refresh_token": first["refresh_token"]}).json()
    bearer = {"Authorization": f"Bearer {second['access_token']}"}
    assert requests.get(f"{url}/api/auth/me", headers=bearer, timeout=5).json()["email"] == ACCOUNT["email"]
    assert requests.post(f"{url}/api/auth/logout", headers=bearer, timeout=5).status_code == 204

    _kill(process)
    process = run()
    verifier.poll_revocations()
    for tokens in (first, second):
        with pytest.raises(UnauthenticatedError):
            verifier.user(tokens["access_token"])
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0


def test_a_service_gets_its_token_over_the_wire(start: tuple[Start, str]) -> None:
    run, url = start
    run()
    client = ServiceClient(url, f"{url}/internal/token", "agent", SECRET)
    verifier = over_http(read(lambda env: common(env, service="pricing", default_port=0)))

    assert verifier.service(client._bearer()).subject == "service:agent"


def test_it_runs_where_keys_are_variables_and_the_edge_is_elsewhere(
    start: tuple[Start, str], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTH_SIGNING_KEYS_PEM", Path(os.environ["AUTH_SIGNING_KEYS"]).read_text())
    monkeypatch.delenv("AUTH_SIGNING_KEYS")
    monkeypatch.setenv("CLIENT_ADDRESS_HEADER", "X-FlowLlama-Caller")
    run, url = start
    run()

    told = {"X-FlowLlama-Caller": "203.0.113.9", "X-Forwarded-For": "198.51.100.1"}
    assert requests.post(f"{url}/api/auth/login", json=ACCOUNT, headers=told, timeout=10).status_code == 401

    (record,) = store["audit"].find()
    assert record["address"] == "203.0.113.9"


def _post(url: str, action: str, body: Any) -> requests.Response:
    return requests.post(f"{url}/api/auth/{action}", json=body, timeout=10)


def _await_ready(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        assert process.poll() is None, "auth ended while starting"
        try:
            if requests.get(url, timeout=1).ok:
                return
        except requests.RequestException:
            time.sleep(0.1)
    pytest.fail(f"auth was not ready within {START_LIMIT_S} s")


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """-9 to the whole group: gunicorn's master and its worker die at the same moment."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=10)
