"""The real process over the simulated fleet: booted, preempted, killed, and killed -9 itself."""

import ipaddress
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from services.chassis.clock import utc_now
from services.chassis.mongo import Store, declare
from services.chassis.sealing import Sealer
from services.health import handlers
from services.health.handlers import Ports
from services.health.instances import Instances
from services.health.store import COLLECTIONS
from services.health.webhooks.deliveries import Deliveries
from tests.conftest import free_port
from tests.infra.local.builders import HEALTH_TOKEN, instance_json
from tests.infra.local.cloud_client import Cloud
from tests.infra.local.conftest import cloud_process
from tests.unit.health.builders import DEPLOYMENT, launched

pytestmark = pytest.mark.processes

NETWORK, PUBLIC = "127.84", "127.184"
PATIENCE_S = 40.0


class Fleet:
    def __init__(self, cloud: Cloud, store: Store, environment: dict[str, str], log: Path) -> None:
        self.cloud, self.store, self.log = cloud, store, log
        self.environment = environment
        self.sealer = Sealer([environment["FLOWLLAMA_SEALING_KEYS"]])
        networks = (ipaddress.ip_network(f"{NETWORK}.0.0/16"),)
        self.ports = Ports(Instances(store), Deliveries(store), networks, utc_now)

    def launch(self, number: int) -> dict[str, Any]:
        """A machine in the cloud, and the news of it to health."""
        placement = f"{DEPLOYMENT}-{number}"
        instance = self.cloud.launch(instance_json(deployment_id=DEPLOYMENT, placement_id=placement))
        message = launched(
            number,
            instance_id=instance["InstanceId"],
            address=instance["PrivateIpAddress"],
            health_token_sealed=self.sealer.seal(HEALTH_TOKEN),
        )
        handlers.instance_launched(message, ports=self.ports)
        return instance

    def record(self, number: int) -> dict[str, Any]:
        return self.store["instances"].find_one({"_id": f"{DEPLOYMENT}-{number}"}) or {}

    def told(self, number: int) -> list[tuple[str, str]]:
        return [(entry["status"], entry["reason"]) for entry in self.record(number)["history"]]

    @contextmanager
    def health(self) -> Iterator["subprocess.Popen[bytes]"]:
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                (sys.executable, "-m", "services.health", "worker"),
                env={**os.environ, **self.environment},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.terminate()
                process.wait(timeout=40)


@pytest.fixture
def fleet(store: Store, store_uri: str, tmp_path: Path) -> Iterator[Fleet]:
    declare(store, COLLECTIONS)
    with cloud_process(tmp_path, NETWORK, PUBLIC) as cloud:
        environment = {
            "MONGODB_URI": store_uri,
            "MONGODB_DATABASE": store.name,
            "QUEUE_BROKER": "memory",
            "FLOWLLAMA_SEALING_KEYS": Fernet.generate_key().decode(),
            "HEALTH_PORT": str(free_port()),
            "HEALTH_INTERVAL_S": "1",
            "STARTING_INTERVAL_S": "1",
            "INSTANCE_NETWORKS": f"{NETWORK}.0.0/16",
            "AWS_ENDPOINT_URL_EC2": cloud.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        yield Fleet(cloud, store, environment, tmp_path / "health.log")


def until(holds: Callable[[], bool], fleet: Fleet) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, fleet.log.read_text()[-4000:]
        time.sleep(0.1)


def test_machines_are_followed_from_boot_to_their_end(fleet: Fleet) -> None:
    with fleet.health() as process:
        first = fleet.launch(1)
        until(lambda: fleet.record(1)["status"] == "healthy", fleet)
        fleet.cloud.control(first, "preempt", notice_s=3)
        until(lambda: fleet.record(1)["status"] == "terminated", fleet)

        second = fleet.launch(2)
        until(lambda: fleet.record(2)["status"] == "healthy", fleet)
        fleet.cloud.control(second, "kill")
        until(lambda: fleet.record(2)["status"] == "terminated", fleet)
        process.terminate()
        assert process.wait(timeout=40) == 0

    assert fleet.told(1) == [("healthy", "model_answers"), ("terminated", "spot_interrupted")]
    assert fleet.told(2) == [("healthy", "model_answers"), ("terminated", "instance_terminated")]
    published = fleet.store["events"].find({"subject": DEPLOYMENT}).sort("_id", 1)
    assert [event["type"] for event in published] == ["instance.healthy.v1", "instance.terminated.v1"] * 2


def test_a_process_killed_outright_is_replaced_without_loss_or_repetition(fleet: Fleet) -> None:
    with fleet.health() as process:
        machine = fleet.launch(1)
        until(lambda: fleet.record(1)["status"] == "healthy", fleet)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)
    fleet.cloud.control(machine, "kill")

    with fleet.health():
        until(lambda: fleet.record(1)["status"] == "terminated", fleet)

    assert fleet.told(1) == [("healthy", "model_answers"), ("terminated", "instance_terminated")]
