"""The whole platform as real processes, in a place of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import requests

from infra.local.demo.client import Client
from infra.local.environment import local_environment
from infra.local.keys import ensure_keys
from infra.local.layout import Layout
from infra.local.ports import Ports, ports_from
from infra.local.running import children
from infra.local.settings import LocalSettings, local_settings
from services.chassis.queues.sqs import SqsQueues
from tests.e2e.place import free_place

REPOSITORY = Path(__file__).resolve().parents[2]
UP_WITHIN_S = 240
DOWN_WITHIN_S = 90
RESTART_WITHIN_S = 120


@dataclass(frozen=True)
class Platform:
    """A running platform and the ways to disturb it."""

    layout: Layout
    ports: Ports
    table: Mapping[str, str]

    @property
    def edge(self) -> str:
        return f"http://127.0.0.1:{self.ports.edge}"

    @property
    def cloud(self) -> str:
        return f"http://127.0.0.1:{self.ports.cloud}"

    def user(self) -> Client:
        client = Client(self.edge)
        client.register_and_sign_in()
        return client

    def kill(self, name: str) -> None:
        """kill -9, as a crash or an out-of-memory killer would; the supervisor starts it again."""
        child = next(child for child in children(self.layout) if child.name == name)
        assert child.pid is not None, f"{name} does not run"
        os.kill(child.pid, signal.SIGKILL)

    def wait_ready(self) -> None:
        deadline = time.monotonic() + RESTART_WITHIN_S
        while time.monotonic() < deadline:
            if all(child.ready for child in children(self.layout)):
                return
            time.sleep(0.1)
        waiting = [child.name for child in children(self.layout) if not child.ready]
        raise TimeoutError(f"not ready again: {waiting}")

    def ec2(self) -> Any:
        return self.client("ec2", self.cloud)

    def queues(self) -> SqsQueues:
        return SqsQueues(self.client("sqs", f"http://127.0.0.1:{self.ports.queues}"))

    def launched(self, deployment_id: str) -> list[str]:
        """Every instance that was ever launched for a deployment, terminated ones too."""
        tagged = [{"Name": "tag:flowllama-deployment", "Values": [deployment_id]}]
        answer = self.ec2().describe_instances(Filters=tagged)
        return [i["InstanceId"] for r in answer["Reservations"] for i in r["Instances"]]

    def alive(self, deployment_id: str) -> list[str]:
        tagged = {"Name": "tag:flowllama-deployment", "Values": [deployment_id]}
        alive = {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}
        answer = self.ec2().describe_instances(Filters=[tagged, alive])
        return [i["InstanceId"] for r in answer["Reservations"] for i in r["Instances"]]

    def fault(self, **fault: Any) -> None:
        requests.post(f"{self.cloud}/_fleet/faults", json=fault, timeout=10).raise_for_status()

    def operate(self, *arguments: str) -> list[Any]:
        """Run an operator's command in the platform's environment; its JSON lines."""
        done = subprocess.run(
            [sys.executable, "-m", "services.chassis.queues", *arguments],
            cwd=REPOSITORY,
            env={**os.environ, **self.table},
            check=True,
            capture_output=True,
            text=True,
        )
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    def client(self, service: str, endpoint: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )


@contextmanager
def running() -> Any:
    """Start a platform, and leave no process of it behind."""
    with free_place() as overrides:
        environment = {**os.environ, **overrides}
        _make(environment, "down", DOWN_WITHIN_S)
        try:
            _make(environment, "up", UP_WITHIN_S)
            yield _platform(overrides)
        finally:
            _make(environment, "down", DOWN_WITHIN_S)


def _platform(overrides: Mapping[str, str]) -> Platform:
    settings = _settings(overrides)
    layout, ports = Layout(settings.directory), ports_from(settings.port)
    table = local_environment(settings, ports, layout, ensure_keys(layout.keys))
    return Platform(layout, ports, table)


def _settings(overrides: Mapping[str, str]) -> LocalSettings:
    before = {name: os.environ.get(name) for name in overrides}
    os.environ.update(overrides)
    try:
        return local_settings()
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _make(environment: Mapping[str, str], verb: str, within_s: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "infra.local", verb],
        cwd=REPOSITORY,
        env=environment,
        timeout=within_s,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{verb} failed:\n{done.stdout}\n{done.stderr}"
