"""The part of OpenAI's API that Ollama serves below `/v1`."""

import json
import time
from typing import Any

from aiohttp import web

from infra.local.cloud import ollama
from infra.local.cloud.instance import SimulatedInstance


def models(instance: SimulatedInstance) -> dict[str, Any]:
    entry = {"id": instance.config.model_tag, "object": "model", "created": 0, "owned_by": "library"}
    return {"object": "list", "data": [entry]}


def embeddings(instance: SimulatedInstance, body: dict[str, Any]) -> dict[str, Any]:
    made = ollama.embed(instance, body)
    data = [
        {"object": "embedding", "index": index, "embedding": vector}
        for index, vector in enumerate(made["embeddings"])
    ]
    usage = {"prompt_tokens": made["prompt_eval_count"], "total_tokens": made["prompt_eval_count"]}
    return {"object": "list", "model": made["model"], "data": data, "usage": usage}


async def completion(
    request: web.Request, instance: SimulatedInstance, body: dict[str, Any]
) -> web.StreamResponse:
    """`/v1/chat/completions`: server-sent events when `stream` is true, one object otherwise."""
    native = {**body, "options": {"num_predict": body["max_tokens"]} if body.get("max_tokens") else {}}
    chunks = ollama.chat(instance, native)
    first = await anext(chunks)
    if not body.get("stream"):
        return web.json_response(_whole(ollama.merged([first, *[chunk async for chunk in chunks]])))
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    await response.write(_event(first))
    async for chunk in chunks:
        await response.write(_event(chunk))
    await response.write(b"data: [DONE]\n\n")
    await response.write_eof()
    return response


def _whole(answer: dict[str, Any]) -> dict[str, Any]:
    prompt, made = answer["prompt_eval_count"], answer["eval_count"]
    choice = {"index": 0, "message": answer["message"], "finish_reason": answer["done_reason"]}
    usage = {"prompt_tokens": prompt, "completion_tokens": made, "total_tokens": prompt + made}
    return _envelope("chat.completion", answer["model"]) | {"choices": [choice], "usage": usage}


def _event(chunk: dict[str, Any]) -> bytes:
    reason = chunk.get("done_reason")
    choice = {"index": 0, "delta": chunk["message"], "finish_reason": reason}
    body = _envelope("chat.completion.chunk", chunk["model"]) | {"choices": [choice]}
    return b"data: " + json.dumps(body, separators=(",", ":")).encode() + b"\n\n"


def _envelope(kind: str, model: str) -> dict[str, Any]:
    now = int(time.time())
    return {"id": f"chatcmpl-{now}", "object": kind, "created": now, "model": model}
