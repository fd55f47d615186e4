"""A real TLS server on a loopback address that answers as an instance does, or as badly as a test wants."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import trustme
from aiohttp import web

from infra.cdktf.instance import guard
from services.chassis.sealing import verifier
from tests.unit.health.builders import DEPLOYMENT, MODEL, SEALER, TOKEN

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class FakeInstance:
    """Its fields are turned by the test; `asked` lists what was requested, in order."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.address = address
        self.port = 0
        self.placement_id = f"{DEPLOYMENT}-1"
        self.phase: dict[str, Any] = {"phase": "ready", "progress_pct": 100}
        self.in_flight = 0
        self.interruption: dict[str, str] | None = None
        self.models: list[dict[str, str]] = [{"name": MODEL, "digest": "sha256:abc"}]
        self.verifiers = {"user_sha256": verifier("fll_user"), "health_sha256": verifier(TOKEN)}
        self.override: dict[str, Answer] = {}
        self.asked: list[str] = []
        self._callers: set[object] = set()
        self.authority = trustme.CA()
        self.certified = self.authority
        self.named = address
        self._runner: web.AppRunner | None = None

    @property
    def ca_pem(self) -> str:
        return self.authority.cert_pem.bytes().decode()

    @property
    def connections(self) -> int:
        """How many connections brought requests."""
        return len(self._callers)

    async def start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.certified.issue_cert(self.named).configure_cert(tls)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.address, self.port, ssl_context=tls)
        await site.start()
        server: Any = site._server
        self.port = server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.path}")
        if request.transport is not None:
            self._callers.add(request.transport.get_extra_info("peername"))
        if request.path in self.override:
            return await self.override[request.path](request)
        token = guard.bearer(request.headers.get("Authorization"))
        decision = guard.authorise(request.method, request.path, token, self.verifiers)
        if not decision.allowed:
            return web.json_response(guard.problem(decision.status), status=decision.status)
        return web.json_response(self._document(request.path))

    def _document(self, path: str) -> dict[str, Any]:
        match path:
            case "/_flowllama/ca":
                return guard.ca_document(self.ca_pem, self.verifiers)
            case "/_flowllama/status":
                return guard.status_document(
                    instance={"model": {"tag": MODEL}, "placement_id": self.placement_id},
                    phase=self.phase,
                    in_flight=self.in_flight,
                    last_use_at=None,
                    interruption=self.interruption,
                )
            case "/api/tags":
                return {"models": self.models}
            case "/api/embed":
                return {"embeddings": [[0.1, 0.2]]}
            case _:
                return {"done": True, "response": "Hello", "eval_count": 1}


def answering(status: int = 200, *, body: bytes = b"{}", **headers: str) -> Answer:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, body=body, headers=headers)

    return answer


async def hanging(_: web.Request) -> web.Response:
    await asyncio.sleep(60)
    return web.Response()


def known(instance: FakeInstance, **changes: Any) -> Mapping[str, Any]:
    return {
        "_id": f"{DEPLOYMENT}-1",
        "address": instance.address,
        "port": instance.port,
        "model": MODEL,
        "model_digest": None,
        "health_token_sealed": SEALER.seal(TOKEN),
        "ca_pem": None,
        "answered_at": None,
        **changes,
    }


def settled(instance: FakeInstance, **changes: Any) -> Mapping[str, Any]:
    """One that was looked at before."""
    return known(instance, ca_pem=instance.ca_pem, answered_at=datetime.now(UTC), **changes)
