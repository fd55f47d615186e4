"""A forgetful broker and a crowd of wishes only delay: nothing is lost, and nothing is launched that nobody wants."""

import pytest

from infra.local.demo.client import RefusedError
from tests.e2e.platform import Platform
from tests.faults.deploying import DELETED_WITHIN_S, RUNNING_WITHIN_S, WISH, deploy

pytestmark = [pytest.mark.processes, pytest.mark.terraform, pytest.mark.timeout(600)]


def test_a_broker_that_forgets_everything_is_a_delay(platform: Platform) -> None:
    client = platform.user()
    created = deploy(client)

    platform.kill("queues")
    platform.wait_ready()
    client.wait_for(created["id"], "starting", "running", within_s=RUNNING_WITHIN_S)
    platform.kill("queues")
    platform.wait_ready()

    client.wait_for(created["id"], "running", within_s=RUNNING_WITHIN_S)
    assert len(platform.alive(created["id"])) == 1
    client.delete(created["id"])
    client.wait_for(created["id"], "deleted", within_s=DELETED_WITHIN_S)
    assert platform.alive(created["id"]) == []


def test_ten_creates_wait_their_turn_and_a_delete_cancels_the_first_early(platform: Platform) -> None:
    client, other = platform.user(), platform.user()
    client.set_budget("1000")  # Ten machines for a month; the default is for one or two.
    first, *waiting = [client.create(**WISH) for _ in range(10)]
    theirs = other.create(**WISH)
    client.wait_for(first["id"], "provisioning", within_s=60)
    other.wait_for(theirs["id"], "provisioning", within_s=60)
    assert {client.get(each["id"])["status"] for each in waiting} == {"requested"}
    for call in (other.get, other.delete, other.events):
        with pytest.raises(RefusedError) as refused:
            call(first["id"])
        assert refused.value.status == 404, "a stranger's deployment does not exist"

    for each in reversed(waiting):
        client.delete(each["id"])
    client.delete(first["id"])
    other.delete(theirs["id"])

    for each in (*waiting, first):
        client.wait_for(each["id"], "deleted", within_s=DELETED_WITHIN_S)
    other.wait_for(theirs["id"], "deleted", within_s=DELETED_WITHIN_S)
    everything = [each["id"] for each in (first, *waiting, theirs)]
    assert [platform.launched(each) for each in everything] == [[]] * 11, (
        "early means before a machine is launched"
    )
    assert "running" not in [event["status"] for event in client.events(first["id"])]
