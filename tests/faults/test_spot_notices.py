"""A spot machine that hangs can't tell that it will be taken away. The cloud can, and the user hears why it went."""

import pytest
import requests

from tests.e2e.platform import Platform
from tests.faults.deploying import DELETED_WITHIN_S, RUNNING_WITHIN_S, deploy

pytestmark = [pytest.mark.processes, pytest.mark.terraform, pytest.mark.timeout(600)]
GONE_WITHIN_S = 90


def test_the_clouds_word_is_enough_where_the_machine_says_nothing(platform: Platform) -> None:
    client = platform.user()
    created = deploy(client)
    client.wait_for(created["id"], "starting", "running", within_s=RUNNING_WITHIN_S)
    client.wait_for(created["id"], "running", within_s=RUNNING_WITHIN_S)
    (machine,) = platform.launched(created["id"])

    # Announced by the cloud alone, and gone for a reason that says nothing of spot.
    for action, said in (("hang", {}), ("preempt", {"notice_s": 600}), ("kill", {})):
        control = f"{platform.cloud}/_fleet/instances/{machine}/{action}"
        requests.post(control, json=said, timeout=10).raise_for_status()

    ended = client.wait_for(created["id"], "unhealthy", within_s=GONE_WITHIN_S)
    assert ended["reason"] == "spot_interrupted"
    client.delete(created["id"])
    client.wait_for(created["id"], "deleted", within_s=DELETED_WITHIN_S)
    assert platform.operate("dead-letters", "--queue", "health-events.fifo") == []
