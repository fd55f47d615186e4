"""kill -9 any process, at any moment of a deployment's life: nothing is lost and nothing happens twice."""

import time

import pytest

from infra.local.demo.receiver import WebhookReceiver
from tests.e2e.platform import Platform
from tests.faults.deploying import DELETED_WITHIN_S, RUNNING_WITHIN_S, deploy

pytestmark = [pytest.mark.processes, pytest.mark.terraform, pytest.mark.timeout(600)]


def test_every_process_dies_once_during_one_life(platform: Platform) -> None:
    """Each of our processes is killed in the phase in which it works hardest for this deployment."""
    client = platform.user()
    with WebhookReceiver() as receiver:
        platform.kill("pricing")
        platform.kill("auth")
        platform.wait_ready()
        created = deploy(client, webhook={"url": receiver.url})
        deployment_id = created["id"]
        platform.kill("deployments")
        platform.kill("deployments-worker")
        platform.wait_ready()
        client.wait_for(deployment_id, "provisioning", within_s=60)
        platform.kill("agent")
        client.wait_for(deployment_id, "starting", "running", within_s=RUNNING_WITHIN_S)
        platform.kill("health")
        client.wait_for(deployment_id, "running", within_s=RUNNING_WITHIN_S)

        alive = platform.alive(deployment_id)
        client.delete(deployment_id)
        client.wait_for(deployment_id, "deleting", "deleted", within_s=30)
        platform.kill("agent")
        platform.kill("deployments-worker")
        client.wait_for(deployment_id, "deleted", within_s=DELETED_WITHIN_S)
        platform.wait_ready()
        statuses = _told(receiver, created["credentials"]["webhook_secret"])

    assert len(alive) == 1, "exactly one machine ran"
    assert platform.alive(deployment_id) == []
    assert statuses == [event["status"] for event in client.events(deployment_id)]
    assert statuses[-1] == "deleted"
    assert statuses.count("running") == 1


def _told(receiver: WebhookReceiver, secret: str) -> list[str]:
    """The statuses that webhooks told, each once, in order."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        told = {each.headers["webhook-id"]: each.data for each in receiver.verified(secret)}
        statuses = [data["status"] for data in sorted(told.values(), key=lambda data: data["sequence"])]
        if (
            statuses
            and statuses[-1] == "deleted"
            and len(statuses) == max(d["sequence"] for d in told.values())
        ):
            return statuses
        time.sleep(0.2)
    raise TimeoutError(f"webhooks told only {statuses}")
