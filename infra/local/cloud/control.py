"""The control door on the emulator's own port: look at the fleet, break it, mend it. Local only.

GET /_fleet/instances · GET /_fleet/balancers · POST /_fleet/instances/{id}/kill|hang|resume|preempt · POST, GET and DELETE /_fleet/faults
"""

import asyncio
import json
import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from marshmallow import ValidationError

from infra.local.cloud.balancers import Balancers
from infra.local.cloud.emulator import Emulator, Wsgi
from infra.local.cloud.faults import FaultSchema
from infra.local.cloud.fleet import Fleet
from infra.local.cloud.notices import Announce

T = TypeVar("T")
Answer = tuple[int, dict[str, Any]]

_INSTANCE = re.compile(r"/_fleet/instances/(i-[0-9a-f]+)/(kill|hang|resume|preempt)")
DEFAULT_NOTICE_S = 120.0
_TITLES = {200: "OK", 204: "No Content", 400: "Bad Request", 404: "Not Found"}


class ControlDoor:
    """Answers below /_fleet and passes everything else to the emulator."""

    def __init__(
        self,
        emulator: Emulator,
        fleet: Fleet,
        balancers: Balancers,
        loop: asyncio.AbstractEventLoop,
        boot_id: str,
        announce: Announce | None = None,
    ) -> None:
        self._emulator = emulator
        self._fleet = fleet
        self._balancers = balancers
        self._loop = loop
        self._boot_id = boot_id
        self._announce = announce

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if not path.startswith("/_fleet"):
            passed: Wsgi = self._emulator
            return passed(environ, start_response)
        status, document = self._answer(environ["REQUEST_METHOD"], path, environ)
        body = json.dumps(document).encode()
        kind = "application/json" if status < 400 else "application/problem+json"  # noqa: PLR2004 - HTTP's own number
        headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
        start_response(f"{status} {_TITLES[status]}", headers)
        return [body]

    def _answer(self, method: str, path: str, environ: dict[str, Any]) -> Answer:
        if (method, path) == ("GET", "/_fleet/instances"):
            return 200, {"boot_id": self._boot_id, **self._on_loop(self._fleet.describe)}
        if (method, path) == ("GET", "/_fleet/balancers"):
            return 200, self._on_loop(self._balancers.describe)
        if path == "/_fleet/faults":
            return self._faults(method, environ)
        found = _INSTANCE.fullmatch(path)
        if method != "POST" or found is None:
            return _problem(404, "There is no such control.")
        done = self._on_loop(lambda: self._act(found[1], found[2], _body(environ)))
        if done and found[2] == "preempt" and self._announce is not None:
            self._announce(found[1], self._on_loop(lambda: self._fleet.region_of(found[1])))
        return (200, {"done": True}) if done else _problem(404, "No such instance runs.")

    def _act(self, instance_id: str, action: str, body: dict[str, Any]) -> bool:
        if action == "kill":
            return self._fleet.kill(instance_id)
        if action == "preempt":
            return self._fleet.preempt(instance_id, float(body.get("notice_s", DEFAULT_NOTICE_S)))
        return self._fleet.hang(instance_id, hung=action == "hang")

    def _faults(self, method: str, environ: dict[str, Any]) -> Answer:
        if method == "DELETE":
            self._emulator.faults.clear()
            return 200, {"faults": 0}
        if method != "POST":
            return _problem(404, "POST arms a fault, DELETE clears all.")
        try:
            self._emulator.faults.arm(FaultSchema().load(_body(environ)))
        except ValidationError as error:
            return _problem(400, json.dumps(error.messages))
        return 200, {"armed": True}

    def _on_loop(self, act: Callable[[], T]) -> T:
        async def run() -> T:
            return act()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(timeout=10)


def _body(environ: dict[str, Any]) -> dict[str, Any]:
    raw = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    try:
        body = json.loads(raw or b"{}")
    except json.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _problem(status: int, detail: str) -> Answer:
    return status, {"type": "about:blank", "title": _TITLES[status], "status": status, "detail": detail}
