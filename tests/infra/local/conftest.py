"""One cloud emulator process for the tests of its behaviour."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from infra.local.keys import Keys, ensure_keys
from tests.conftest import free_port
from tests.infra.local.cloud_client import START_WITHIN_S, Cloud, answers, await_that, with_network

BOOT_S = 0.6


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return ensure_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory, keys: Keys) -> Iterator[Cloud]:
    home = tmp_path_factory.mktemp("cloud")
    with cloud_process(home, FLOWLLAMA_LOCAL_ROOT=str(keys.root_file)) as running:
        yield running


@contextmanager
def cloud_process(
    home: Path, network: str = "127.81", public: str = "127.181", **environment: str
) -> Iterator[Cloud]:
    """The emulator on a port of its own; it must end cleanly."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {
        "CLOUD_EMULATOR_PORT": str(port),
        "FLOWLLAMA_LOCAL_PUBLIC_NET": f"{public}.0.0/16",
        "FLOWLLAMA_BOOT_SECONDS": str(BOOT_S),
    }
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            (sys.executable, "-m", "infra.local.cloud"),
            env={**os.environ, **settings, **environment},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            await_that(lambda: answers(f"{url}/_fleet/instances"), START_WITHIN_S)
            yield with_network(url, network)
        finally:
            process.terminate()
            assert process.wait(timeout=30) == 0


@pytest.fixture
def faults(cloud: Cloud) -> Iterator[None]:
    """Faults armed by a test end with it."""
    yield
    requests.delete(f"{cloud.url}/_fleet/faults", timeout=5)


@pytest.fixture(scope="session")
def serving(cloud: Cloud) -> dict[str, Any]:
    """One ready instance for the tests that only read from it."""
    return cloud.ready()
