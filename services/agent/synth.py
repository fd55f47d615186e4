"""The synth child: turns a stack spec into Terraform's JSON. Loading its bindings takes 7 to 12 s, so it is kept."""

import json
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from services.chassis.errors import FlowLlamaError, RejectError
from services.chassis.ids import new_id
from services.chassis.logs import get_logger

log = get_logger(__name__)

# -O leaves out the bindings' check of every argument's type, a fifth of a stack's time; the tests write with it.
COMMAND = (sys.executable, "-O", "-m", "infra.cdktf", "serve")
START_LIMIT_S = 90.0
REQUEST_LIMIT_S = 30.0
REQUESTS_PER_CHILD = 1000  # The construct trees leave memory behind in Node.


class SynthError(FlowLlamaError):
    """The child can't turn this spec into a stack, or does not answer."""


class Synth(Protocol):
    def synthesise(self, spec: Mapping[str, Any], out: Path) -> None:
        """Write the stack's `cdk.tf.json` into the folder. Raises `RejectError` for a spec that is refused."""


class SynthChild:
    """One child, one request at a time: jsii is not made for threads. A child that dies or hangs is replaced."""

    def __init__(
        self,
        command: tuple[str, ...] = COMMAND,
        *,
        start_limit_s: float = START_LIMIT_S,
        request_limit_s: float = REQUEST_LIMIT_S,
        requests_per_child: int = REQUESTS_PER_CHILD,
    ) -> None:
        self._command = command
        self._start_limit_s = start_limit_s
        self._request_limit_s = request_limit_s
        self._requests_per_child = requests_per_child
        self._lock = threading.Lock()
        self._child: _Child | None = None

    def prewarm(self, stopping: threading.Event) -> None:
        """Start the child ahead of the first request, and end it with the process."""
        try:
            self.ready()
        except SynthError as error:
            log.warning("synth_not_ready", detail=error.detail)  # The first request tries again.
        stopping.wait()
        self.close()

    def ready(self) -> None:
        """Return once the child waits for its first request. Raises `SynthError` when it can't be started."""
        with self._lock:
            self._ready_child()

    def synthesise(self, spec: Mapping[str, Any], out: Path) -> None:
        with self._lock:
            child = self._ready_child()
            try:
                answer = child.ask(
                    {"id": new_id("syn"), "spec": spec, "out": str(out)}, self._request_limit_s
                )
            except SynthError:
                self._drop()
                raise
            if child.asked >= self._requests_per_child:
                self._drop()
        if not answer.get("ok"):
            raise _refusal(answer)
        log.info("stack_synthesised", ms=answer.get("ms"))

    def close(self) -> None:
        with self._lock:
            self._drop()

    def _ready_child(self) -> "_Child":
        if self._child is not None and not self._child.is_alive:
            self._drop()
        if self._child is None:
            started = time.monotonic()
            child = _Child(self._command)
            try:
                child.read(self._start_limit_s)
            except SynthError:
                child.end()
                raise
            self._child = child
            log.info("synth_ready", seconds=round(time.monotonic() - started, 1))
        return self._child

    def _drop(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None


class _Child:
    def __init__(self, command: tuple[str, ...]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        self._buffer = b""
        self.asked = 0

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, request: Mapping[str, Any], limit_s: float) -> Mapping[str, Any]:
        self.asked += 1
        try:
            self._stdin.write(json.dumps(request).encode() + b"\n")
            self._stdin.flush()
        except OSError as error:
            raise SynthError("the synth child is gone") from error
        answer = self.read(limit_s)
        if answer.get("id") != request["id"]:
            raise SynthError("the synth child answered another request")
        return answer

    def read(self, limit_s: float) -> Mapping[str, Any]:
        """The next line. Raises `SynthError` when the child ends or the time is up."""
        deadline = time.monotonic() + limit_s
        with selectors.DefaultSelector() as selector:
            selector.register(self._stdout, selectors.EVENT_READ)
            while b"\n" not in self._buffer:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise SynthError(f"the synth child did not answer within {limit_s:g} s")
                chunk = self._stdout.read1(65_536)
                if not chunk:
                    raise SynthError("the synth child has ended")
                self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        answer: Mapping[str, Any] = json.loads(line)
        return answer

    def end(self) -> None:
        self._stdin.close()
        try:
            self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._stdout.close()

    @property
    def _stdin(self) -> Any:
        return self._process.stdin

    @property
    def _stdout(self) -> Any:
        return self._process.stdout


def _refusal(answer: Mapping[str, Any]) -> FlowLlamaError:
    error = answer.get("error", {})
    text = f"{error.get('kind')}: {error.get('message')} {json.dumps(error.get('fields', {}))}"[:1000]
    return RejectError(text) if error.get("kind") == "invalid_spec" else SynthError(text)
