"""One listener of one balancer: it asks its machines whether they are ready, and forwards to those that are."""

import asyncio
import ipaddress
import ssl
import weakref
from typing import Any

import aiohttp
from aiohttp import web

from infra.local.cloud.passing import passed_on
from infra.local.cloud.snapshots import Listening, Target

CHECK_DEADLINE_S = 1.0
UNVERIFIED = False  # A real balancer doesn't verify the certificates of its targets either.
HTTP_OK = 200


class Balancer:
    """All state lives on the event loop. `seen` is the cloud's latest word on it."""

    def __init__(self, seen: Listening, tls: ssl.SSLContext) -> None:
        self.seen = seen
        self._tls = tls
        self._ready: list[Target] = []
        self._turn = 0
        self._server: asyncio.Server | None = None
        self._transports: weakref.WeakSet[asyncio.Transport] = weakref.WeakSet()

    def see(self, seen: Listening) -> None:
        """Take over the cloud's word. A machine that is gone gets no more requests."""
        self.seen = seen
        self._ready = [target for target in self._ready if target in seen.targets]

    async def open(self) -> None:
        """Listen. Raises OSError where the address can't be bound."""
        # From its own address, which is the one that the machines' security groups let through.
        connector = aiohttp.TCPConnector(local_addr=(self.seen.address, 0), ssl=UNVERIFIED, limit=0)
        self._session = aiohttp.ClientSession(
            connector=connector, auto_decompress=False, timeout=aiohttp.ClientTimeout(total=None, connect=5)
        )
        self._handling = web.Server(self._answer, access_log=None)
        self._server = await asyncio.get_running_loop().create_server(
            self._handling, self.seen.address, self.seen.port, ssl=self._tls
        )

    async def close(self) -> None:
        """Stop listening and cut the live connections."""
        if self._server is not None:
            self._server.close()
        for transport in list(self._transports):
            transport.abort()
        await self._session.close()

    async def check(self) -> None:
        """Ask every machine at once."""
        targets = self.seen.targets
        found = await asyncio.gather(*(self._is_ready(target) for target in targets))
        self._ready = [target for target, ready in zip(targets, found, strict=True) if ready]

    def describe(self) -> dict[str, Any]:
        ready = {target.instance_id for target in self._ready}
        return {
            "name": self.seen.name,
            "address": self.seen.address,
            "port": self.seen.port,
            "targets": [
                {"instance_id": target.instance_id, "ready": target.instance_id in ready}
                for target in self.seen.targets
            ],
        }

    async def _is_ready(self, target: Target) -> bool:
        try:
            async with (
                asyncio.timeout(CHECK_DEADLINE_S),
                self._session.get(_url(target, self.seen.path)) as answer,
            ):
                return answer.status == HTTP_OK
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        transport = request.transport
        if transport is None:
            raise ConnectionResetError("The caller has gone.")
        peer = transport.get_extra_info("peername")[0]
        if not self._admits(peer):
            transport.abort()
            raise ConnectionResetError("The network let nothing through.")
        self._transports.add(transport)
        if not self._ready:
            return web.Response(status=503, text="503 Service Temporarily Unavailable")
        target = self._ready[self._turn % len(self._ready)]
        self._turn += 1
        more = {
            "X-Forwarded-For": peer,
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Port": str(self.seen.port),
        }
        try:
            return await passed_on(self._session, _url(target, request.raw_path), request, more=more)
        except aiohttp.ClientConnectionError:
            self._ready = [one for one in self._ready if one != target]
            return web.Response(status=502, text="502 Bad Gateway")

    def _admits(self, peer: str) -> bool:
        source = ipaddress.ip_address(peer)
        return any(source in ipaddress.ip_network(cidr) for cidr in self.seen.allowed_sources)


def _url(target: Target, path: str) -> str:
    return f"https://{target.address}:{target.port}{path}"
