"""One request through all five services: read it from top to bottom and you know the system.

It takes under two seconds on quiet cores; pytest prints what it took.
"""

from pathlib import Path

import pytest

from services.chassis.mongo import Store
from tests.flow.system import System

CREDENTIALS = {"email": "ada@example.org", "password": "a long enough passphrase"}


@pytest.fixture
def system(store: Store, tmp_path: Path) -> System:
    return System(store, tmp_path)


def test_a_model_is_requested_built_watched_lost_and_deleted(system: System) -> None:
    system.connect_region()

    # auth: a user registers and signs in.
    system.auth.post("/api/auth/register", json=CREDENTIALS)
    tokens = system.auth.post("/api/auth/login", json=CREDENTIALS).json or {}
    signed_in = {"Authorization": f"Bearer {tokens['access_token']}"}

    # deployments: the request is recorded and answered before anything is built.
    wish = {"model": "llama3.2:1b", "spot": "only", "webhook": {"url": "https://example.com/hook"}}
    answer = system.deployments.post("/api/deployments", json=wish, headers=signed_in)
    assert answer.status_code == 202
    created = answer.json or {}
    assert created["status"] == "requested"

    def now() -> dict[str, object]:
        return system.deployments.get(f"/api/deployments/{created['id']}", headers=signed_in).json or {}

    # deployments admits it, pricing selects, the agent builds; each tells the next by a message.
    system.settle()
    built = now()
    assert built["status"] == "starting"
    assert built["placement"]["spot"] is True  # type: ignore[index]  # it is JSON
    assert len(system.cloud.of_kind("instance")) == 1

    # pricing kept why: recomputed from the catalogue of that moment, the record holds.
    why = system.deployments.get(f"/api/deployments/{created['id']}/decision", headers=signed_in).json or {}
    assert why["verified"] is True, why["differences"]
    assert why["offers"][0]["machine"] == built["placement"]["machine"]  # type: ignore[index]  # it is JSON

    # health polls the instance; deployments hears that the model answers.
    system.health_looks()
    system.settle()
    assert now()["status"] == "running"
    assert now()["endpoint"] == {"url": "https://127.77.0.9:11434", "ca_pem": "PEM"}

    # the user sets a budget that half a month of this machine exceeds: health hears of both thresholds, once.
    system.deployments.put("/api/budget", json={"monthly_usd": "0.01"}, headers=signed_in)
    for _ in range(2):
        system.budgets_are_looked_at(system.middle_of_next_month())
        system.settle()
    assert system.handled_by_health("budget.threshold_reached.v1") == [80, 100]

    # the cloud warns, and takes the machine away; health asks the cloud, and the user hears why.
    system.cloud_announces_interruption()
    system.settle()
    system.cloud.resources.clear()
    system.health_looks()
    system.settle()
    assert (now()["status"], now()["reason"]) == ("unhealthy", "spot_interrupted")

    # the user deletes; the agent proves the cloud empty before it says so.
    system.deployments.delete(f"/api/deployments/{created['id']}", headers=signed_in)
    system.settle()
    assert now()["status"] == "deleted"
    assert system.cloud.resources == {}

    # every change was told by a signed webhook, once and in order.
    assert system.hooks.verified(created["credentials"]["webhook_secret"]) == [
        "requested",
        "selecting",
        "provisioning",
        "starting",
        "running",
        "unhealthy",
        "deleting",
        "deleted",
    ]
