"""What a caller of a balancer hears when the machine behind it is lost in the middle of a request."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
import trustme

from infra.local.cloud.balancer import Balancer
from infra.local.cloud.snapshots import Listening, Target

DOOR, MACHINE = "127.78.0.1", "127.78.0.2"
READY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
BEGUN = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"


@asynccontextmanager
async def balancer_before(*, dies_after: bytes) -> AsyncIterator[str]:
    """The URL of a balancer whose only machine is ready, and which is lost after these bytes of any other answer."""
    root = trustme.CA()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(READY if b"/ready" in head else dies_after)
        await writer.drain()
        writer.close()

    machine = await asyncio.start_server(serve, MACHINE, 0, ssl=_tls(root, MACHINE))
    port = machine.sockets[0].getsockname()[1]
    target = Target("i-1", MACHINE, port)
    seen = Listening("b", DOOR, port, "/_flowllama/ready", (target,), ("127.0.0.0/8",))
    balancer = Balancer(seen, _tls(root, DOOR))
    await balancer.open()
    await balancer.check()
    yield f"https://{DOOR}:{port}/api/tags"
    await balancer.close()
    machine.close()


def _tls(root: trustme.CA, address: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    root.issue_cert(address).configure_cert(context)
    return context


async def test_a_machine_that_is_lost_before_its_answer_is_a_bad_gateway() -> None:
    async with balancer_before(dies_after=b"") as url, aiohttp.ClientSession() as session:
        async with session.get(url, ssl=False) as answer:
            assert answer.status == 502
        async with session.get(url, ssl=False) as answer:
            assert answer.status == 503, "nothing more is sent there before it is found ready again"


async def test_one_that_is_lost_in_its_answer_cuts_it_off() -> None:
    async with balancer_before(dies_after=BEGUN) as url, aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientPayloadError):
            async with session.get(url, ssl=False) as answer:
                await answer.read()
