"""Replicas behind a balancer, over real processes and real Terraform.

The provider sleeps for a minute while it makes a balancer, whatever the cloud says. So the order is given before the
other tests of the platform, and what became of it is looked at after them.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from contracts.vocabulary import Cloud
from infra.local.demo.client import Body, Client
from services.agent import kinds
from services.agent.cloud import AwsCloud
from services.agent.resource import Place
from tests.e2e.platform import Platform

pytestmark = [pytest.mark.processes, pytest.mark.terraform]

MODEL = "llama3.2:1b"
RUNNING_WITHIN_S = 240
REPLACED_WITHIN_S = 30
DELETED_WITHIN_S = 120
PROMPT = {"model": MODEL, "prompt": "hello", "stream": False, "options": {"num_predict": 3}}


@dataclass(frozen=True)
class Ordered:
    client: Client
    created: Body

    @property
    def id(self) -> str:
        return str(self.created["id"])


@pytest.fixture(scope="session")
def ordered(platform: Platform) -> Ordered:
    client = platform.user()
    client.set_budget("1000")
    wish = {"model": MODEL, "cloud": "aws", "region": "us-east-1", "spot": "only"}
    exposure = {"kind": "load_balanced"}
    return Ordered(client, client.create(**wish, replicas={"min": 2, "max": 3}, exposure=exposure))


@pytest.mark.first
def test_replicas_are_ordered_with_their_bounds_and_their_list(ordered: Ordered) -> None:
    assert ordered.created["replicas"] == {"min": 2, "max": 3}
    assert ordered.created["exposure"] == {"kind": "load_balanced", "allow_cidrs": ["127.0.0.1/32"]}


@pytest.mark.last
def test_they_serve_lose_one_serve_on_and_leave_nothing(
    ordered: Ordered, platform: Platform, tmp_path: Path
) -> None:
    running = ordered.client.wait_for(ordered.id, "running", within_s=RUNNING_WITHIN_S)
    ask = _asking(running, ordered.created["credentials"]["token"], tmp_path)
    before = _ready(platform, running)
    assert len(before) == len(platform.alive(ordered.id)) == 2
    assert ask() == 200

    killed = before.pop()
    assert requests.post(f"{platform.cloud}/_fleet/instances/{killed}/kill", timeout=10).ok
    # A request may meet the lost machine until the balancer has noticed.
    _wait(lambda: ask() == 200)
    _wait(lambda: len(after := _ready(platform, running)) == 2 and killed not in after)
    assert before < _ready(platform, running), "the other one stays"
    assert killed not in platform.alive(ordered.id)
    assert ask() == 200
    assert ordered.client.get(ordered.id)["status"] == "running"

    ordered.client.delete(ordered.id)
    ordered.client.wait_for(ordered.id, "deleted", within_s=DELETED_WITHIN_S)
    assert _left(platform, ordered.id) == []


def _asking(deployment: Body, token: str, folder: Path) -> Callable[[], int]:
    """A question to the model at the deployment's own endpoint; the answer's status."""
    roots = folder / "roots.pem"
    roots.write_text(deployment["endpoint"]["ca_pem"])

    def ask() -> int:
        with requests.Session() as session:
            session.trust_env, session.verify = False, str(roots)
            url = f"{deployment['endpoint']['url']}/api/generate"
            answer = session.post(url, json=PROMPT, headers={"Authorization": f"Bearer {token}"}, timeout=10)
            assert answer.status_code != 200 or answer.json()["eval_count"] == 3
            return answer.status_code

    return ask


def _ready(platform: Platform, deployment: Body) -> set[str]:
    """The machines that the deployment's balancer sends to."""
    listed = requests.get(f"{platform.cloud}/_fleet/balancers", timeout=10).json()["balancers"]
    ours: Mapping[str, Any] = next(
        one for one in listed if one["address"] == deployment["placement"]["address"]
    )
    return {target["instance_id"] for target in ours["targets"] if target["ready"]}


def _left(platform: Platform, deployment_id: str) -> list[str]:
    cloud = AwsCloud(lambda service, _: platform.client(service, platform.cloud))
    tags = {"flowllama-deployment": deployment_id}
    return [
        f"{r.kind} {r.id}"
        for r in cloud.listed(Place("123456789012", "us-east-1"), tags, kinds.BALANCED[Cloud.AWS])
    ]


def _wait(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + REPLACED_WITHIN_S
    while not reached():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.25)
