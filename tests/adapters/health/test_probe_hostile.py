"""One look at an instance that lies, stalls, floods or is not there, over real TLS."""

import asyncio
import errno
import ipaddress
import socket
import time

import pytest
import trustme
from aiohttp import web

from services.health.model import Look
from services.health.probe import InstanceProbe
from tests.adapters.health.conftest import PROBE_DEADLINE_S
from tests.adapters.health.instance import FakeInstance, answering, hanging, known, settled
from tests.unit.health.builders import SEALER


async def test_a_forged_root_is_not_believed(instance: FakeInstance, probe: InstanceProbe) -> None:
    instance.verifiers = {**instance.verifiers, "health_sha256": "0" * 64}

    look = await probe.look(known(instance))

    assert look.failure == "the proof of its root certificate is wrong"
    assert instance.asked == ["GET /_flowllama/ca"]  # No token was sent to whoever that is.


@pytest.mark.parametrize("proof", ["ü", "", "zz"])
async def test_an_odd_proof_is_only_wrong(instance: FakeInstance, probe: InstanceProbe, proof: str) -> None:
    async def odd(_: web.Request) -> web.Response:
        return web.json_response({"ca_pem": instance.ca_pem, "proof": proof})

    instance.override["/_flowllama/ca"] = odd

    assert (await probe.look(known(instance))).failure == "the proof of its root certificate is wrong"


async def test_a_certificate_of_another_root_is_refused(probe: InstanceProbe) -> None:
    impostor = FakeInstance()
    impostor.certified = trustme.CA()
    await impostor.start()
    try:
        look = await probe.look(settled(impostor))
    finally:
        await impostor.stop()

    assert look.failure == "its certificate does not verify against the pinned root"
    assert impostor.asked == []


async def test_a_certificate_for_another_address_is_refused(probe: InstanceProbe) -> None:
    moved = FakeInstance()
    moved.named = "127.0.0.9"
    await moved.start()
    try:
        look = await probe.look(settled(moved))
    finally:
        await moved.stop()

    assert look.failure == "its certificate does not verify against the pinned root"


async def test_a_token_that_is_refused_is_a_failure(instance: FakeInstance, probe: InstanceProbe) -> None:
    look = await probe.look(settled(instance, health_token_sealed=SEALER.seal("fll_other")))

    assert look.failure == "/_flowllama/status answered 401"


async def test_a_token_sealed_with_lost_keys_is_a_failure(
    instance: FakeInstance, probe: InstanceProbe
) -> None:
    look = await probe.look(settled(instance, health_token_sealed="gAAAA"))

    assert look.failure == "its token can't be opened with the sealing keys in force"


async def test_another_placement_at_the_address_is_a_failure(
    instance: FakeInstance, probe: InstanceProbe
) -> None:
    instance.placement_id = "dep_other-1"

    assert (await probe.look(settled(instance))).failure == "another placement answers at its address"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(instance: FakeInstance, probe: InstanceProbe, status: int) -> None:
    there = f"https://127.0.0.1:{instance.port}/elsewhere"
    instance.override["/_flowllama/status"] = answering(status, Location=there)

    look = await probe.look(settled(instance))

    assert look.failure == f"/_flowllama/status answered {status}"
    assert instance.asked == ["GET /_flowllama/status"]


async def test_a_huge_body_is_cut_off(instance: FakeInstance, probe: InstanceProbe) -> None:
    sent = 0

    async def flood(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(1 << 14):
            await response.write(b"x" * (1 << 16))
            sent += 1 << 16
        return response

    instance.override["/api/tags"] = flood

    look = await probe.look(settled(instance))

    assert look.failure == "it answered with more than 65536 bytes"
    await asyncio.sleep(0)
    assert sent < 1 << 26


async def test_a_compressed_body_is_not_unpacked(instance: FakeInstance, probe: InstanceProbe) -> None:
    instance.override["/api/tags"] = answering(body=b"\x1f\x8b\x08\x00", **{"Content-Encoding": "gzip"})

    assert (await probe.look(settled(instance))).failure == "/api/tags did not answer with JSON"


async def test_silence_ends_at_the_deadline(instance: FakeInstance, probe: InstanceProbe) -> None:
    instance.override["/_flowllama/status"] = hanging
    began = time.monotonic()

    look = await probe.look(settled(instance))

    assert look.failure == "no answer in time"
    assert time.monotonic() - began < 3 * PROBE_DEADLINE_S


async def test_a_dripping_body_ends_at_the_deadline(instance: FakeInstance, probe: InstanceProbe) -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.05)

    instance.override["/_flowllama/status"] = drip

    assert (await probe.look(settled(instance))).failure == "no answer in time"


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        (b"not json", "/_flowllama/status did not answer with JSON"),
        (b"[" * 60_000, "/_flowllama/status did not answer with JSON"),
        (b"[]", "/_flowllama/status did not answer with an object"),
        (b"{}", "its status has bad fields: phase, placement_id"),
        (b'{"phase":"sleeping","placement_id":"x"}', "its status has bad fields: phase"),
    ],
)
async def test_a_body_of_another_shape_is_a_failure(
    instance: FakeInstance, probe: InstanceProbe, body: bytes, failure: str
) -> None:
    instance.override["/_flowllama/status"] = answering(body=body)

    assert (await probe.look(settled(instance))).failure == failure


async def test_nobody_listening_is_a_failure(instance: FakeInstance, probe: InstanceProbe) -> None:
    await instance.stop()

    look = await probe.look(settled(instance))

    assert look.failure is not None
    assert look.failure.startswith("no connection")


async def test_running_out_of_files_is_our_own_trouble(
    instance: FakeInstance, probe: InstanceProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(*_: object, **__: object) -> socket.socket:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr("aiohappyeyeballs.impl.socket.socket", exhausted)

    look = await probe.look(settled(instance))

    assert look.is_ours


async def test_a_connection_is_kept_between_looks(instance: FakeInstance, probe: InstanceProbe) -> None:
    await probe.look(settled(instance))
    await probe.look(settled(instance))

    assert instance.connections == 1


async def test_a_kept_connection_that_the_instance_closed_is_opened_again(
    instance: FakeInstance, probe: InstanceProbe
) -> None:
    await probe.look(settled(instance))
    port = instance.port
    await instance.stop()
    instance.port = port
    await instance.start()

    assert (await probe.look(settled(instance))).serves


async def test_an_address_outside_the_list_is_never_called(instance: FakeInstance) -> None:
    elsewhere = (ipaddress.ip_network("127.77.0.0/16"),)
    async with InstanceProbe(SEALER, elsewhere) as narrow:
        look = await narrow.look(settled(instance))

    assert look == Look(failure="its address is not one that may be polled")
    assert instance.asked == []
