"""A balancer that moto only lists is a door here: it asks the machines, forwards to the ready, and takes turns."""

import json

import pytest
import requests

from infra.local.keys import Keys
from tests.infra.local.balanced import CALLER, GROUP, Balanced, build
from tests.infra.local.builders import USER_TOKEN
from tests.infra.local.cloud_client import MODEL, Cloud, ask, await_that

pytestmark = pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")

PROMPT = {"model": MODEL, "prompt": "hello", "options": {"num_predict": 3}}


@pytest.fixture(scope="module")
def balanced(cloud: Cloud, keys: Keys) -> Balanced:
    """Torn down by the last test; the emulator ends with the session."""
    return build(cloud, keys.root_file, keys.roots_file)


def test_without_a_ready_machine_it_answers_503_with_a_certificate_of_the_local_root(
    balanced: Balanced,
) -> None:
    await_that(lambda: bool(balanced.targets()))

    assert balanced.ask("GET", "/_flowllama/ready", token=None).status_code == 503


def test_the_model_answers_through_it_and_the_machines_take_turns(balanced: Balanced) -> None:
    await_that(balanced.is_complete)

    streamed = [balanced.ask("POST", "/api/generate", json=PROMPT).text.splitlines() for _ in range(2)]

    assert [json.loads(lines[-1])["eval_count"] for lines in streamed] == [3, 3]
    seen = [balanced.cloud.seen({"InstanceId": id_}) for id_ in balanced.targets()]
    assert all(one["last_use_at"] for one in seen)


def test_the_token_is_asked_for_by_the_machine_and_the_ready_path_by_nobody(balanced: Balanced) -> None:
    await_that(balanced.is_complete)

    assert balanced.ask("GET", "/api/tags", token=None).status_code == 401
    assert balanced.ask("GET", "/api/tags", token=USER_TOKEN).status_code == 200
    ready = balanced.ask("GET", "/_flowllama/ready", token=None)
    assert (ready.status_code, ready.content) == (200, b"")


def test_only_listed_networks_reach_it_and_only_it_reaches_the_machines(balanced: Balanced) -> None:
    await_that(balanced.is_complete)
    machine = balanced.cloud.described({"InstanceId": next(iter(balanced.targets()))})

    assert balanced.ask_from(CALLER) == 200
    with pytest.raises(ConnectionError):
        balanced.ask_from("127.0.0.2")
    with pytest.raises(requests.ConnectionError):
        ask(machine, "GET", "/api/tags")


def test_a_killed_machine_is_replaced_and_the_others_answer_meanwhile(balanced: Balanced) -> None:
    await_that(balanced.is_complete)
    before = balanced.targets()
    killed, kept = before

    assert balanced.cloud.control({"InstanceId": killed}, "kill") == 200
    await_that(lambda: balanced.targets() != before)
    assert balanced.ask("GET", "/api/tags").status_code == 200

    await_that(balanced.is_complete)
    assert kept in balanced.targets()
    assert killed not in balanced.targets()


def test_with_its_group_and_listener_it_ends(balanced: Balanced) -> None:
    balanced.autoscaling.delete_auto_scaling_group(AutoScalingGroupName=GROUP, ForceDelete=True)
    await_that(lambda: balanced.targets() == {})
    arn = balanced.elbv2.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
    balanced.elbv2.delete_load_balancer(LoadBalancerArn=arn)

    def is_closed() -> bool:
        try:
            balanced.ask("GET", "/")
        except requests.ConnectionError:
            return True
        return False

    await_that(is_closed)
