"""One placement through Terraform: its folder, its state under this run's key, its stack, and what it says."""

from services.agent import spec
from services.agent.lease import Held
from services.agent.ports import Ports
from services.agent.terraform import Ended, LeaseAddress, OnEvent
from services.agent.ui_stream import UiEvent
from services.agent.workspace import Workspace
from services.chassis.errors import FOREIGN_OUTAGES, FlowLlamaError, RetryError
from services.chassis.logs import get_logger
from services.chassis.mongo import Document

log = get_logger(__name__)

# The store was away or the lease went elsewhere: that says nothing about the offer, so that it is tried again.
_OUR_TROUBLE = ("lease_not_renewed", "lease_lost", "parent_gone")
OUR_TROUBLE_RETRY_S = 5.0

_CHATTER = ("version", "text", "outputs", "apply_progress", "refresh_start", "refresh_complete")


class TerraformCrashedError(FlowLlamaError):
    """Terraform or its supervisor was killed. What it left is found and finished by the next delivery."""


def apply(placement: Document, run: Held, ports: Ports) -> Ended:
    """Build it. Raises what ended the run, if something did."""
    workspace = _prepare(placement, run, ports)
    ended = ports.terraform.apply(workspace, _lease(run, ports), run.stop, _logging(placement, run, ports))
    return _settle(ended, workspace, run)


def destroy(placement: Document, run: Held, ports: Ports) -> Ended:
    workspace = _prepare(placement, run, ports)
    ended = ports.terraform.destroy(workspace, _lease(run, ports), run.stop, _logging(placement, run, ports))
    return _settle(ended, workspace, run)


def _prepare(placement: Document, run: Held, ports: Ports) -> Workspace:
    run.check()
    workspace = ports.workspaces.open(placement["_id"], run.epoch)
    ports.states.adopt(placement["_id"], run.epoch)
    ports.synth.synthesise(spec.at_epoch(placement["spec"], run.epoch), workspace.path)
    return workspace


def _settle(ended: Ended, workspace: Workspace, run: Held) -> Ended:
    """The folder stays when anything went wrong: it may hold a state that was not pushed."""
    if ended.ok:
        workspace.remove()
    run.check()
    if ended.interrupted in _OUR_TROUBLE:
        raise RetryError(OUR_TROUBLE_RETRY_S, f"terraform was stopped: {ended.interrupted}")
    if ended.crashed:
        raise TerraformCrashedError(f"terraform ended with status {ended.status}")
    return ended


def _lease(run: Held, ports: Ports) -> LeaseAddress:
    return ports.lease_address(run.document["_id"], run.owner, run.epoch, run.lease_s)


def _logging(placement: Document, run: Held, ports: Ports) -> OnEvent:
    def write(event: UiEvent) -> None:
        if event.type in _CHATTER:
            return
        try:
            ports.logs.write(placement, run.epoch, event)
        except FOREIGN_OUTAGES as error:
            log.warning("run_log_lost", error=type(error).__name__)

    return write
