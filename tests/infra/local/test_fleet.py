"""An instance that EC2 runs is a server one can talk to, break and lose."""

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.infra.local.builders import HEALTH_TOKEN, USER_TOKEN, instance_json, verifier
from tests.infra.local.cloud_client import MODEL, Cloud, ask, await_that, bearer, ca_file

# The certificate is pinned at first contact; the tests that are about something else leave it unchecked.
pytestmark = pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")


def test_an_instance_boots_and_serves_its_model_on_both_addresses(cloud: Cloud, tmp_path: Path) -> None:
    instance = cloud.ready()

    for address in (instance["PrivateIpAddress"], cloud.described(instance)["PublicIpAddress"]):
        ca = ca_file(address, tmp_path)
        tags = requests.get(
            f"https://{address}:11434/api/tags", headers=bearer(USER_TOKEN), verify=ca, timeout=5
        )
        assert [model["name"] for model in tags.json()["models"]] == [MODEL]


def test_the_proof_beside_the_certificate_is_made_with_healths_verifier(cloud: Cloud) -> None:
    instance = cloud.ready()

    document = ask(instance, "GET", "/_flowllama/ca", token=None).json()

    expected = hmac.new(verifier(HEALTH_TOKEN).encode(), document["ca_pem"].encode(), hashlib.sha256)
    assert document["proof"] == expected.hexdigest()


@pytest.mark.parametrize(
    ("method", "path", "token", "status"),
    [
        ("GET", "/api/tags", None, 401),
        ("GET", "/api/tags", "fll_wrong", 401),
        ("GET", "/api/tags", USER_TOKEN, 200),
        ("GET", "/api/tags", HEALTH_TOKEN, 200),
        ("POST", "/api/chat", HEALTH_TOKEN, 403),
        ("POST", "/api/pull", USER_TOKEN, 403),
        ("DELETE", "/api/delete", USER_TOKEN, 403),
        ("PUT", "/_flowllama/tokens", USER_TOKEN, 403),
        ("GET", "/v1/models", USER_TOKEN, 200),
        ("GET", "/v1/models", HEALTH_TOKEN, 403),
    ],
)
def test_the_guards_rules_hold(
    serving: dict[str, Any], method: str, path: str, token: str | None, status: int
) -> None:
    answer = ask(serving, method, path, token=token)

    assert answer.status_code == status
    if status >= 400:
        assert answer.headers["Content-Type"].startswith("application/problem+json")


def test_generation_streams_a_chunk_a_token_and_counts_them(serving: dict[str, Any]) -> None:
    body = {"model": MODEL, "prompt": "hello", "options": {"num_predict": 3}}

    lines = ask(serving, "POST", "/api/generate", json=body).text.splitlines()
    whole = ask(serving, "POST", "/api/generate", json={**body, "stream": False}).json()

    assert len(lines) == 4
    assert json.loads(lines[-1])["eval_count"] == whole["eval_count"] == 3
    assert whole["response"] == "".join(json.loads(line)["response"] for line in lines)


def test_the_openai_door_answers_chats_and_embeddings(serving: dict[str, Any]) -> None:
    chat = {"model": MODEL, "messages": [{"role": "user", "content": "hello"}], "max_tokens": 2}

    whole = ask(serving, "POST", "/v1/chat/completions", json=chat).json()
    events = ask(serving, "POST", "/v1/chat/completions", json={**chat, "stream": True}).text
    vectors = ask(serving, "POST", "/v1/embeddings", json={"model": MODEL, "input": ["a", "b"]}).json()

    assert whole["usage"]["completion_tokens"] == 2
    assert events.endswith("data: [DONE]\n\n")
    assert [entry["index"] for entry in vectors["data"]] == [0, 1]


def test_another_model_and_a_broken_body_are_ollamas_own_errors(serving: dict[str, Any]) -> None:
    unknown = ask(serving, "POST", "/api/generate", json={"model": "llama3:70b", "prompt": "x"})
    broken = ask(serving, "POST", "/api/generate", data="{")

    assert (unknown.status_code, unknown.json()) == (404, {"error": "model 'llama3:70b' not found"})
    assert broken.status_code == 400


def test_only_what_a_user_asks_of_the_model_counts_as_use(cloud: Cloud) -> None:
    instance = cloud.ready()
    probe = {"model": MODEL, "prompt": "x", "stream": False, "options": {"num_predict": 1}}

    ask(instance, "POST", "/api/generate", token=HEALTH_TOKEN, json=probe)
    assert ask(instance, "GET", "/_flowllama/status").json()["last_use_at"] is None

    ask(instance, "POST", "/api/generate", json=probe)
    assert ask(instance, "GET", "/_flowllama/status").json()["last_use_at"] is not None


def test_health_rotates_a_token(cloud: Cloud) -> None:
    instance = cloud.ready()
    body = {"user_sha256": verifier("fll_new")}

    assert ask(instance, "PUT", "/_flowllama/tokens", token=HEALTH_TOKEN, json=body).status_code == 200
    assert ask(instance, "GET", "/api/tags", token=USER_TOKEN).status_code == 401
    assert ask(instance, "GET", "/api/tags", token="fll_new").status_code == 200


def test_a_hung_instance_accepts_and_answers_nothing_until_resumed(cloud: Cloud) -> None:
    instance = cloud.ready()

    assert cloud.control(instance, "hang") == 200
    with pytest.raises(requests.ReadTimeout):
        ask(instance, "GET", "/api/tags", timeout=0.5)

    assert cloud.control(instance, "resume") == 200
    assert ask(instance, "GET", "/api/tags").status_code == 200


def test_a_killed_instance_is_terminated_in_ec2_and_its_connections_break(cloud: Cloud) -> None:
    instance = cloud.ready()
    endless = {"model": MODEL, "prompt": "x", "options": {"num_predict": 4000}}
    lines = ask(instance, "POST", "/api/generate", json=endless, stream=True).iter_lines()
    next(lines)

    assert cloud.control(instance, "kill") == 200

    with pytest.raises(requests.RequestException):
        list(lines)
    with pytest.raises(requests.ConnectionError):
        ask(instance, "GET", "/api/tags")
    assert cloud.described(instance)["State"]["Name"] == "terminated"


def test_preemption_gives_notice_and_then_takes_the_instance(cloud: Cloud) -> None:
    instance = cloud.ready()

    assert cloud.control(instance, "preempt", notice_s=2) == 200
    notice = ask(instance, "GET", "/_flowllama/status").json()["interruption"]
    await_that(lambda: cloud.described(instance)["State"]["Name"] == "terminated")

    assert notice["action"] == "terminate"
    assert cloud.described(instance)["StateReason"]["Code"] == "Server.SpotInstanceTermination"


def test_termination_through_ec2_ends_the_server(cloud: Cloud) -> None:
    instance = cloud.ready()

    cloud.ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    await_that(lambda: not cloud.seen(instance))

    with pytest.raises(requests.ConnectionError):
        ask(instance, "GET", "/api/tags")


def test_malformed_user_data_keeps_an_instance_down_and_says_why(cloud: Cloud) -> None:
    instance = cloud.launch(instance_json(tokens={}))

    await_that(lambda: bool(cloud.seen(instance)))

    assert "user_sha256" in cloud.seen(instance)["refused"]
    with pytest.raises(requests.ConnectionError):
        ask(instance, "GET", "/api/tags")
