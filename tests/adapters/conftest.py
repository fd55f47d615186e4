"""The servers behind the adapters under test."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from localstack_client.session import Session

from tests.conftest import free_port

EMULATOR = Path(__file__).parents[2] / ".venv-ministack" / "bin" / "ministack"
START_LIMIT_S = 60


@pytest.fixture(scope="session")
def sqs_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A boto3 client of a real SQS-protocol server that lives as long as the session.

    localstack-client opens it, so that the same suite runs against LocalStack.
    """
    port, home = free_port(), tmp_path_factory.mktemp("sqs")
    environment = {
        **os.environ,
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "SERVICES": "sqs",
        "TMPDIR": str(home),
        "DOCKER_HOST": "unix:///nonexistent",
        "LOG_LEVEL": "WARNING",
    }
    with (home / "log").open("wb") as log:
        server = subprocess.Popen([EMULATOR], env=environment, stdout=log, stderr=subprocess.STDOUT)
        client = Session(localstack_host=f"127.0.0.1:{port}").client(
            "sqs", config=Config(retries={"max_attempts": 1}, connect_timeout=1, read_timeout=15)
        )
        try:
            _await_server(client, server)
            yield client
        finally:
            server.terminate()
            server.wait(timeout=10)


def _await_server(client: Any, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        try:
            client.list_queues()
        except (BotoCoreError, ClientError):
            assert server.poll() is None, "the SQS server ended while starting"
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"the SQS server did not answer within {START_LIMIT_S} s")
