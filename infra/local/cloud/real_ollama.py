"""A real `ollama serve` behind the simulated instances, where the machine has that program.

One server is shared by all of them: doors, phases and faults stay each instance's own, words and vectors are real.
"""

import asyncio
import json
import os
import shutil
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
from aiohttp import web

from infra.local.cloud.passing import passed_on
from services.chassis.logs import get_logger

log = get_logger(__name__)

_AT_THE_DOOR = frozenset({"authorization"})  # The token goes no further, as on a real instance.
PAUSE_S = 1.0


@dataclass
class Pull:
    """How far the download of one instance's model is."""

    percent: int = 0
    done: bool = False


class RealOllama:
    """Use `start` within the event loop that serves the instances."""

    def __init__(self, binary: str) -> None:
        self._binary = binary
        self._url = f"http://127.0.0.1:{_free_port()}"
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """The child ends with the process group of this process."""
        environment = {**os.environ, "OLLAMA_HOST": self._url.removeprefix("http://")}
        self._process = await asyncio.create_subprocess_exec(self._binary, "serve", env=environment)
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None, connect=5))
        log.info("real_ollama_started", url=self._url)

    async def stop(self) -> None:
        await self._session.close()
        self._process.terminate()
        await self._process.wait()

    def pull(self, tag: str) -> Pull:
        """Begin to pull a model; the returned object tells the progress."""
        pull = Pull()
        task = asyncio.get_running_loop().create_task(self._pull(tag, pull))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return pull

    async def forward(self, request: web.Request) -> web.StreamResponse:
        """Pass one request on and its answer back, as it comes."""
        return await passed_on(self._session, self._url + request.raw_path, request, without=_AT_THE_DOOR)

    async def _pull(self, tag: str, pull: Pull) -> None:
        while not pull.done:
            try:
                async for percent in self._progress(tag):
                    pull.percent = percent
                pull.done = True
            except (aiohttp.ClientError, ValueError, OSError) as error:
                log.warning("model_pull_failed", model=tag, reason=str(error))
                await asyncio.sleep(PAUSE_S)

    async def _progress(self, tag: str) -> AsyncIterator[int]:
        async with self._session.post(f"{self._url}/api/pull", json={"model": tag}) as answer:
            async for line in answer.content:
                event = json.loads(line)
                if "error" in event:
                    raise ValueError(event["error"])
                if event.get("total"):
                    yield 100 * int(event.get("completed", 0)) // int(event["total"])


def find() -> RealOllama | None:
    """The program on PATH, or None."""
    binary = shutil.which("ollama")
    return RealOllama(binary) if binary else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
