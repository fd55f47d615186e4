"""Ollama's HTTP API for one model, with its real shapes and made-up words.

Shapes follow Ollama's API reference: newline-delimited JSON unless `stream` is false, durations in nanoseconds.
"""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from infra.local.cloud.instance import SimulatedInstance

TOKEN_S = 0.02
DEFAULT_TOKENS = 24
EMBEDDING_WIDTH = 64
_WORDS = (
    "A",
    "small",
    "model",
    "runs",
    "here",
    "and",
    "answers",
    "with",
    "the",
    "same",
    "words",
    "each",
    "time.",
)


# How the catalogue's embedding models are called; Ollama itself reads it from the file.
_EMBEDS_ONLY = ("embed", "minilm", "bge-")


class EmbedsOnlyError(Exception):
    """The model has no decoder; these are Ollama's own words."""


class UnknownModelError(Exception):
    """The request names a model this instance does not serve."""


def tags(instance: SimulatedInstance) -> dict[str, Any]:
    if not instance.boot.has_model:
        return {"models": []}
    tag = instance.config.model_tag
    model = {"name": tag, "model": tag, "modified_at": _now(), "size": 0, "digest": instance.digest}
    return {"models": [{**model, "details": _details(tag)}]}


def show(instance: SimulatedInstance, body: dict[str, Any]) -> dict[str, Any]:
    tag = _served(instance, body)
    return {
        "details": _details(tag),
        "model_info": {"general.architecture": _family(tag)},
        "capabilities": ["completion"],
        "parameters": f"num_ctx {instance.config.context_size}",
        "modified_at": _now(),
    }


def embed(instance: SimulatedInstance, body: dict[str, Any]) -> dict[str, Any]:
    tag = _served(instance, body)
    given = body.get("input", "")
    texts = [given] if isinstance(given, str) else list(given)
    words = sum(len(str(text).split()) for text in texts)
    return {"model": tag, "embeddings": [_vector(str(text)) for text in texts], "prompt_eval_count": words}


async def generate(instance: SimulatedInstance, body: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """Chunks of `/api/generate`; an empty prompt only loads the model."""
    tag = _served(instance, body)
    if any(mark in tag for mark in _EMBEDS_ONLY):
        raise EmbedsOnlyError(f'"{tag}" does not support generate')
    if not body.get("prompt"):
        yield {"model": tag, "created_at": _now(), "response": "", "done": True, "done_reason": "load"}
        return
    async for word, last in _words(instance, body, str(body["prompt"])):
        yield {"model": tag, "created_at": _now(), "response": word, "done": False} | last


async def chat(instance: SimulatedInstance, body: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """Chunks of `/api/chat`."""
    tag = _served(instance, body)
    prompt = " ".join(str(message.get("content", "")) for message in body.get("messages") or ())
    async for word, last in _words(instance, body, prompt):
        message = {"role": "assistant", "content": word}
        yield {"model": tag, "created_at": _now(), "message": message, "done": False} | last


def merged(chunks: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The single answer for `stream: false`: the last chunk with all words joined."""
    parts = list(chunks)
    whole = dict(parts[-1])
    if "message" in whole:
        whole["message"] = {"role": "assistant", "content": "".join(p["message"]["content"] for p in parts)}
    else:
        whole["response"] = "".join(part["response"] for part in parts)
    return whole


async def answer(
    request: web.Request, chunks: AsyncIterator[dict[str, Any]], body: dict[str, Any]
) -> web.StreamResponse:
    """Send the chunks as they come, or as one object when the caller turned streaming off."""
    first = await anext(chunks)
    if body.get("stream") is False:
        return web.json_response(merged([first, *[chunk async for chunk in chunks]]))
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    await response.prepare(request)
    await response.write(_line(first))
    async for chunk in chunks:
        await response.write(_line(chunk))
    await response.write_eof()
    return response


async def _words(
    instance: SimulatedInstance, body: dict[str, Any], prompt: str
) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """One word a token, then an empty one with the counts. A hung instance stops between two words."""
    begun = time.monotonic_ns()
    options = body.get("options") or {}
    asked = int(options.get("num_predict", DEFAULT_TOKENS))
    count = min(asked if asked > 0 else DEFAULT_TOKENS, instance.config.context_size)
    for number in range(count):
        await asyncio.sleep(TOKEN_S)
        await instance.resumed.wait()
        yield ("" if number == 0 else " ") + _WORDS[number % len(_WORDS)], {}
    elapsed = time.monotonic_ns() - begun
    yield (
        "",
        {
            "done": True,
            "done_reason": "length" if 0 < asked <= count else "stop",
            "total_duration": elapsed,
            "load_duration": 0,
            "prompt_eval_count": len(prompt.split()),
            "prompt_eval_duration": 0,
            "eval_count": count,
            "eval_duration": elapsed,
        },
    )


def _served(instance: SimulatedInstance, body: dict[str, Any]) -> str:
    asked = body.get("model") or body.get("name")
    tag = instance.config.model_tag
    if asked not in {tag, tag.removesuffix(":latest")} or not instance.boot.has_model:
        raise UnknownModelError(f"model '{asked}' not found")
    return tag


def _details(tag: str) -> dict[str, Any]:
    size = tag.partition(":")[2].upper()
    return {"format": "gguf", "family": _family(tag), "parameter_size": size, "quantization_level": "Q4_K_M"}


def _family(tag: str) -> str:
    return tag.partition(":")[0].rpartition("/")[2]


def _vector(text: str) -> list[float]:
    """A stable unit-length vector: equal texts are equal, different ones differ."""
    raw = hashlib.shake_256(text.encode()).digest(EMBEDDING_WIDTH)
    values = [byte / 127.5 - 1 for byte in raw]
    length = sum(value * value for value in values) ** 0.5
    return [round(value / length, 6) for value in values]


def _line(chunk: dict[str, Any]) -> bytes:
    return json.dumps(chunk, separators=(",", ":")).encode() + b"\n"


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
