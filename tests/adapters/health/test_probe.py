"""One look at an instance that behaves, over real TLS."""

import pytest

from services.health.probe import InstanceProbe
from tests.adapters.health.instance import FakeInstance, answering, hanging, known, settled


async def test_first_contact_pins_the_root_and_asks_for_one_token(
    instance: FakeInstance, probe: InstanceProbe
) -> None:
    look = await probe.look(known(instance))

    assert look.serves
    assert look.ca_pem == instance.ca_pem
    assert instance.asked == [
        "GET /_flowllama/ca",
        "GET /_flowllama/status",
        "GET /api/tags",
        "POST /api/generate",
    ]


async def test_a_token_is_asked_for_once_a_start(instance: FakeInstance, probe: InstanceProbe) -> None:
    look = await probe.look(settled(instance))

    assert look.serves
    assert instance.asked == ["GET /_flowllama/status", "GET /api/tags"]


async def test_while_it_boots_only_its_progress_is_read(instance: FakeInstance, probe: InstanceProbe) -> None:
    instance.phase = {"phase": "pulling", "progress_pct": 43}

    look = await probe.look(known(instance))

    assert (look.failure, look.phase, look.progress_pct, look.serves) == (None, "pulling", 43, False)
    assert instance.asked == ["GET /_flowllama/ca", "GET /_flowllama/status"]


async def test_a_model_that_is_not_listed_is_not_ready(instance: FakeInstance, probe: InstanceProbe) -> None:
    instance.models = [{"name": "other:latest", "digest": "sha256:abc"}]

    look = await probe.look(known(instance))

    assert not look.serves
    assert "POST /api/generate" not in instance.asked


@pytest.mark.parametrize(("digest", "serves"), [("abc", True), ("sha256:abc", True), ("sha256:abd", False)])
async def test_a_known_digest_must_match(
    instance: FakeInstance, probe: InstanceProbe, digest: str, *, serves: bool
) -> None:
    look = await probe.look(known(instance, model_digest=digest))

    assert look.serves is serves


async def test_a_tag_without_a_version_means_latest(instance: FakeInstance, probe: InstanceProbe) -> None:
    instance.models = [{"name": "llama3.2:latest", "digest": "abc"}]

    assert (await probe.look(known(instance, model="llama3.2"))).serves


async def test_a_model_that_only_embeds_proves_itself_by_a_vector(
    instance: FakeInstance, probe: InstanceProbe
) -> None:
    words = b'{"error":"\\"all-minilm\\" does not support generate"}'
    instance.override["/api/generate"] = answering(400, body=words)

    look = await probe.look(known(instance))

    assert look.serves
    assert instance.asked[-1] == "POST /api/embed"


async def test_a_model_that_cannot_generate_is_not_ready(
    instance: FakeInstance, probe: InstanceProbe
) -> None:
    instance.override["/api/generate"] = answering(500, body=b'{"error":"out of memory"}')

    assert (await probe.look(known(instance))).failure == "/api/generate answered 500"


async def test_a_busy_instance_is_not_probed_further(instance: FakeInstance, probe: InstanceProbe) -> None:
    instance.in_flight = 4
    instance.override["/api/tags"] = hanging

    look = await probe.look(settled(instance))

    assert look.serves
    assert instance.asked == ["GET /_flowllama/status"]


async def test_a_notice_of_interruption_is_seen(instance: FakeInstance, probe: InstanceProbe) -> None:
    instance.interruption = {"action": "terminate", "time": "2026-01-02T03:04:05Z"}

    assert (await probe.look(settled(instance))).interruption == instance.interruption
