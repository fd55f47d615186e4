"""Fixtures of the whole suite: a real store over its wire protocol, one database a test."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from services.chassis.inbox import INBOX
from services.chassis.mongo import CODEC, Store, declare
from services.chassis.relay import EVENTS
from tests.e2e.platform import Platform, running
from tests.workers import Rooms, arranged

START_LIMIT_S = 60


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = arranged(items)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Rooms:
    config.option.loadscopereorder = False  # The order is `arranged`'s.
    return Rooms(config, log)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def store_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a MongoDB-protocol server that lives as long as the session."""
    port, home = free_port(), tmp_path_factory.mktemp("store")
    server = Path(sys.executable).with_name("secantusd-py")
    log = (home / "log").open("wb")
    process = subprocess.Popen(
        [str(server), "--host", "127.0.0.1", "--port", str(port), "--storage-path", str(home / "data")],
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    uri = f"mongodb://127.0.0.1:{port}"
    try:
        _await_store(uri, process)
        yield uri
    finally:
        process.terminate()
        process.wait(timeout=10)
        log.close()


@pytest.fixture
def store(store_uri: str) -> Iterator[Store]:
    """An empty database with the chassis' own collections."""
    client: MongoClient[dict[str, object]] = MongoClient(store_uri, w="majority", journal=True, tz_aware=True)
    database = client.get_database(f"test_{uuid4().hex[:12]}", codec_options=CODEC)
    declare(database, [INBOX, EVENTS])
    yield database
    client.drop_database(database.name)
    client.close()


def _await_store(uri: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        try:
            MongoClient(uri, serverSelectionTimeoutMS=500).admin.command("ping")
        except PyMongoError:
            assert process.poll() is None, "the store ended while starting; its log is beside its data"
        else:
            return
    pytest.fail(f"the store did not answer within {START_LIMIT_S} s")


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """One platform of real processes for all tests that need one; they leave nothing behind in it."""
    with running() as started:
        yield started
