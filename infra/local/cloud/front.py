"""The simulated instance's front door: one application for every instance, told apart by the address called."""

import ipaddress
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from infra.cdktf.instance import guard
from infra.local.cloud import ollama, openai
from infra.local.cloud.instance import SimulatedInstance
from infra.local.cloud.real_ollama import RealOllama

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Finder = Callable[[str], SimulatedInstance | None]

INSTANCE = web.RequestKey("instance", SimulatedInstance)
MAX_BODY_BYTES = 32 << 20  # What the instance's Caddy lets through.


def application(find: Finder, real: RealOllama | None = None) -> web.Application:
    """`find` gives the instance that owns a local address; `real` answers in the simulation's place."""
    app = web.Application(middlewares=[_reaching(find), _guarding], client_max_size=MAX_BODY_BYTES)
    app.add_routes(
        [
            web.get("/_flowllama/ca", _ca),
            web.get("/_flowllama/ready", _ready),
            web.get("/_flowllama/status", _status),
            web.put("/_flowllama/tokens", _tokens),
        ]
    )
    app.add_routes(_simulated() if real is None else _passed_on(real))
    return app


def _simulated() -> Sequence[web.RouteDef]:
    return (
        web.get("/api/tags", _tags),
        web.post("/api/show", _show),
        web.post("/api/embed", _embed),
        web.post("/api/generate", _generate),
        web.post("/api/chat", _chat),
        web.get("/v1/models", _v1_models),
        web.post("/v1/embeddings", _v1_embeddings),
        web.post("/v1/chat/completions", _v1_chat),
    )


def _passed_on(real: RealOllama) -> Sequence[web.RouteDef]:
    return tuple(web.route("*", prefix + "/{path:.*}", real.forward) for prefix in ("/api", "/v1"))


def _reaching(find: Finder) -> Any:
    """Find the instance by the address called; the security group and a hung machine give no answer at all."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        transport = request.transport
        if transport is None:
            raise ConnectionResetError("The caller has gone.")
        address, peer = (transport.get_extra_info(name)[0] for name in ("sockname", "peername"))
        instance = find(address)
        if instance is None or not _admitted(instance, peer):
            transport.abort()
            raise ConnectionResetError("The network let nothing through.")
        instance.transports.add(transport)
        await instance.resumed.wait()
        request[INSTANCE] = instance
        return await handler(request)

    return middleware


def _admitted(instance: SimulatedInstance, peer: str) -> bool:
    source = ipaddress.ip_address(peer)
    return any(source in ipaddress.ip_network(cidr) for cidr in instance.machine.allowed_sources)


@web.middleware
async def _guarding(request: web.Request, handler: Handler) -> web.StreamResponse:
    instance = request[INSTANCE]
    token = guard.bearer(request.headers.get("Authorization"))
    path = request.raw_path.partition("?")[0]
    decision = guard.authorise(request.method, path, token, instance.verifiers)
    if not decision.allowed:
        challenge = {"WWW-Authenticate": "Bearer"} if decision.role is None else {}
        return _problem(decision.status, headers=challenge)
    if not path.startswith("/_flowllama/") and not instance.boot.serving:
        return web.Response(status=502)  # Caddy's own answer while Ollama isn't up.
    try:
        async with _counting(instance, is_use=guard.counts_as_use(decision.role, request.method)):
            return await handler(request)
    except ollama.UnknownModelError as error:
        return web.json_response({"error": str(error)}, status=404)
    except ollama.EmbedsOnlyError as error:
        return web.json_response({"error": str(error)}, status=400)


def _problem(status: int, detail: str | None = None, headers: dict[str, str] | None = None) -> web.Response:
    text = json.dumps(guard.problem(status, detail))
    return web.Response(status=status, text=text, headers=headers, content_type="application/problem+json")


@asynccontextmanager
async def _counting(instance: SimulatedInstance, *, is_use: bool) -> AsyncIterator[None]:
    """A user's request counts as use when it begins and when it ends; a probe never does."""
    if not is_use:
        yield
        return
    instance.in_flight += 1
    instance.used()
    try:
        yield
    finally:
        instance.in_flight -= 1
        instance.used()


async def _ca(request: web.Request) -> web.Response:
    instance = request[INSTANCE]
    return web.json_response(guard.ca_document(instance.ca_pem.decode(), instance.verifiers))


async def _ready(request: web.Request) -> web.Response:
    return web.Response(status=200 if request[INSTANCE].boot.phase == "ready" else 503)


async def _status(request: web.Request) -> web.Response:
    return web.json_response(request[INSTANCE].status())


async def _tokens(request: web.Request) -> web.Response:
    try:
        request[INSTANCE].verifiers = guard.rotated(request[INSTANCE].verifiers, await _body(request))
    except ValueError as error:
        return _problem(400, str(error))
    return web.json_response({"rotated": True})


async def _tags(request: web.Request) -> web.Response:
    return web.json_response(ollama.tags(request[INSTANCE]))


async def _show(request: web.Request) -> web.Response:
    return web.json_response(ollama.show(request[INSTANCE], await _body(request)))


async def _embed(request: web.Request) -> web.Response:
    return web.json_response(ollama.embed(request[INSTANCE], await _body(request)))


async def _generate(request: web.Request) -> web.StreamResponse:
    body = await _body(request)
    return await ollama.answer(request, ollama.generate(request[INSTANCE], body), body)


async def _chat(request: web.Request) -> web.StreamResponse:
    body = await _body(request)
    return await ollama.answer(request, ollama.chat(request[INSTANCE], body), body)


async def _v1_models(request: web.Request) -> web.Response:
    return web.json_response(openai.models(request[INSTANCE]))


async def _v1_embeddings(request: web.Request) -> web.Response:
    return web.json_response(openai.embeddings(request[INSTANCE], await _body(request)))


async def _v1_chat(request: web.Request) -> web.StreamResponse:
    return await openai.completion(request, request[INSTANCE], await _body(request))


async def _body(request: web.Request) -> dict[str, Any]:
    """Ollama reads the body whatever its content type says."""
    try:
        body = json.loads(await request.read() or b"{}")
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise _bad_request(str(error)) from error
    if not isinstance(body, dict):
        raise _bad_request("The body must be a JSON object.")
    return body


def _bad_request(message: str) -> web.HTTPBadRequest:
    return web.HTTPBadRequest(text=json.dumps({"error": message}), content_type="application/json")
