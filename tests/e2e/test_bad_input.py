"""What the edge and the services say to requests that make no sense."""

from typing import Any

import pytest
import requests

from infra.local.demo.client import RefusedError
from tests.e2e.platform import Platform

pytestmark = pytest.mark.processes


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"model": "no-such-model:1b"}, "model"),
        ({"model": "llama3.2:1b", "context_size": 9_000_000}, "context_size"),
        ({"model": "llama3.2:1b", "context_size": "many"}, "context_size"),
        ({"model": "llama3.2:1b", "machine": "g9.mega"}, "machine"),
    ],
)
def test_a_refused_create_names_the_field(platform: Platform, body: dict[str, Any], field: str) -> None:
    with pytest.raises(RefusedError) as refused:
        platform.user().create(**body)

    assert refused.value.status == 422
    assert field in str(refused.value.problem["errors"])


def test_malformed_and_oversized_bodies(platform: Platform) -> None:
    address = f"{platform.edge}/api/auth/login"
    json = {"Content-Type": "application/json"}

    malformed = requests.post(address, data="{", headers=json, timeout=10)
    oversized = requests.post(address, data='{"email":"' + "x" * 2_000_000 + '"}', headers=json, timeout=10)

    assert (malformed.status_code, oversized.status_code) == (400, 413)
    assert malformed.headers["Content-Type"].startswith("application/problem+json")


def test_internal_paths_are_not_routed(platform: Platform) -> None:
    for path in ("/internal/token", "/internal/select", "/internal/revocations"):
        assert requests.post(f"{platform.edge}{path}", json={}, timeout=10).status_code == 404


def test_an_undecodable_message_is_dead_lettered_with_its_reason(platform: Platform) -> None:
    platform.queues().send("deployment-requests.fifo", '{"not": "ours"}', group="g", dedup_id="odd-1")

    letters: list[Any] = []
    for _ in range(50):
        letters = platform.operate("dead-letters", "--queue", "deployment-requests.fifo")
        if letters:
            break

    assert letters[0]["reason"].startswith("envelope:")
    assert letters[0]["body"] == '{"not": "ours"}'
