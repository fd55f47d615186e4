"""Terraform as the agent uses it: one folder, a list of steps under a supervisor, the events that come out."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import IO, Any

from services.agent import provider_mirror, ui_stream
from services.agent.settings import TerraformSettings
from services.agent.ui_stream import UiEvent
from services.agent.workspace import Workspace
from services.chassis.errors import FlowLlamaError
from services.chassis.logs import get_logger

log = get_logger(__name__)

Steps = tuple[tuple[str, ...], ...]
OnEvent = Callable[[UiEvent], None]

INIT = ("init", "-input=false", "-no-color")
PUSH = ("state", "push", "errored.tfstate")
APPLY: Steps = (
    INIT,
    ("plan", "-input=false", "-json", "-out=plan.tfplan"),
    ("apply", "-input=false", "-json", "plan.tfplan"),
)
# Planned and carried out in one process: there is nobody between the two who would look at the plan.
DESTROY: Steps = (INIT, ("apply", "-destroy", "-auto-approve", "-input=false", "-json"))
SIGNALLED = 128
TAIL = 20  # Lines of plain text kept for the detail of a failure.
ASKED_WITHIN_S = 0.1
UNLEASED_END_S = 60.0


@dataclass(frozen=True)
class LeaseAddress:
    """Where the supervisor finds the lease that it renews while Terraform runs."""

    uri: str
    database: str
    collection: str
    id: str
    field: str
    owner: str
    epoch: int
    ttl_s: float


@dataclass
class Ended:
    """How it went. `interrupted` names who asked it to stop; `tail` is what it said outside its own format."""

    status: int
    errors: list[UiEvent] = field(default_factory=list)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    interrupted: str | None = None
    tail: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return self.status == 0

    @property
    def crashed(self) -> bool:
        """It was killed, so nobody knows what it left; a stop that it was asked for is no crash."""
        return self.status > SIGNALLED and self.interrupted is None


class StateNotPushedError(FlowLlamaError):
    """A state that an earlier run could not push can't be pushed now either: nothing else may happen before."""


class Terraform:
    """`apply` and `destroy` block until Terraform has ended, whatever ends it. Safe for threads."""

    def __init__(self, settings: TerraformSettings) -> None:
        self._settings = settings
        self._environment = {
            **settings.environment,
            "TF_CLI_CONFIG_FILE": str(provider_mirror.write_cli_config(settings)),
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
        }

    def apply(
        self, workspace: Workspace, lease: LeaseAddress | None, stop: threading.Event, on_event: OnEvent
    ) -> Ended:
        """Raises `StateNotPushedError` and `UnknownUiVersionError`; failures of Terraform are in what returns."""
        return self._run(APPLY, workspace, lease, stop, on_event)

    def destroy(
        self, workspace: Workspace, lease: LeaseAddress | None, stop: threading.Event, on_event: OnEvent
    ) -> Ended:
        """As `apply`."""
        return self._run(DESTROY, workspace, lease, stop, on_event)

    def _run(
        self,
        steps: Steps,
        workspace: Workspace,
        lease: LeaseAddress | None,
        stop: threading.Event,
        on_event: OnEvent,
    ) -> Ended:
        if workspace.errored_state.exists():
            pushed = self._supervise((INIT, PUSH), workspace, lease, stop, on_event)
            if not pushed.ok:
                raise StateNotPushedError(" ".join(pushed.tail)[-500:])
            workspace.errored_state.rename(workspace.path / "errored.tfstate.pushed")
        return self._supervise(steps, workspace, lease, stop, on_event)

    def _supervise(
        self,
        steps: Steps,
        workspace: Workspace,
        lease: LeaseAddress | None,
        stop: threading.Event,
        on_event: OnEvent,
    ) -> Ended:
        child = subprocess.Popen(
            [sys.executable, "-m", "services.agent.supervisor"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        ended, over = Ended(status=0), threading.Event()
        asking = threading.Thread(target=_ask, args=(child.stdin, stop, over), daemon=True)
        try:
            _say(child.stdin, json.dumps(self._job(steps, workspace, lease)))
            asking.start()
            for line in child.stdout or ():
                _take(ui_stream.parse(line), ended, on_event)
        finally:
            over.set()
            asking.join()
            child.stdin.close()  # type: ignore[union-attr]  # a pipe, as asked for above
            child.stdout.close()  # type: ignore[union-attr]
            status = child.wait()
            workspace.await_end(limit_s=lease.ttl_s if lease else UNLEASED_END_S)
        ended.status = status if status >= 0 else SIGNALLED - status
        log.info("terraform_ended", status=ended.status, interrupted=ended.interrupted)
        return ended

    def _job(self, steps: Steps, workspace: Workspace, lease: LeaseAddress | None) -> Mapping[str, Any]:
        return {
            "steps": [(self._settings.binary, *step) for step in steps],
            "directory": str(workspace.path),
            "environment": {**self._environment, "TF_DATA_DIR": str(workspace.path / ".terraform")},
            "limit_s": self._settings.limit_s,
            "output": str(workspace.output),
            "lock": str(workspace.lock),
            "lease": asdict(lease) if lease else None,
        }


def _take(event: UiEvent | None, ended: Ended, on_event: OnEvent) -> None:
    if event is None:
        return
    if event.is_error:
        ended.errors.append(event)
    if event.outputs:
        ended.outputs = event.outputs
    if event.type == "supervisor":
        ended.interrupted = ended.interrupted or event.summary
    if event.type == "text":
        ended.tail = [*ended.tail[1 - TAIL :], event.message]
    on_event(event)


def _ask(stdin: IO[str] | None, stop: threading.Event, over: threading.Event) -> None:
    """Pass the wish to stop on, once."""
    while not over.wait(ASKED_WITHIN_S):
        if stop.is_set():
            _say(stdin, "interrupt")
            return


def _say(stdin: IO[str] | None, line: str) -> None:
    if stdin is not None:
        with suppress(BrokenPipeError):  # It has ended meanwhile; its status says how.
            stdin.write(line + "\n")
            stdin.flush()
