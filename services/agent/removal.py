"""Taking a placement down: by Terraform what its state knows, by its tags whatever else there is."""

from collections.abc import Sequence

from services.agent import placements, stack_run, states, sweep
from services.agent.cloud import Cloud
from services.agent.lease import Held
from services.agent.placements import PlacementState
from services.agent.ports import Ports
from services.agent.sweep import Patience, Target
from services.chassis.errors import RetryError
from services.chassis.logs import get_logger
from services.chassis.mongo import Document

log = get_logger(__name__)

NOT_SERVED_RETRY_S = 60.0


def remove(placement: Document, run: Held, ports: Ports) -> Document:
    """Destroy one placement and terminate its strays at sight. That it is gone is still to be proved.

    A Terraform that fails to destroy is no obstacle: the sweep finds by tag what it left.
    """
    target = target_of(placement, ports)
    placement = ports.placements.change(placement, run.epoch, state=PlacementState.REMOVING.value)
    if _may_be_known_to_terraform(placement, run, ports):
        ended = stack_run.destroy(placement, run, ports)
        if not ended.ok:
            log.warning(
                "destroy_failed", placement_id=placement["_id"], errors=[e.summary for e in ended.errors]
            )
    sweep.once([target])
    return placement


def prove_gone(gone: Sequence[Document], targets: Sequence[Target], run: Held, ports: Ports) -> int:
    """Two looks in a row that find nothing; then the records say `destroyed` and the states go. Returns the looks."""
    sweeps = sweep.until_empty(targets, patience(run, ports))
    for placement in gone:
        ports.placements.change(placement, run.epoch, state=PlacementState.DESTROYED.value)
        ports.states.forget(placement["_id"])
        ports.workspaces.forget(placement["_id"])
    return sweeps


def patience(run: Held, ports: Ports) -> Patience:
    return Patience(ports.rules.sweep_interval_s, ports.rules.sweep_limit_s, run.pause)


def target_of(placement: Document, ports: Ports) -> Target:
    return Target(
        cloud_of(placement["cloud"], ports),
        placements.place_of(placement),
        placement["tags"],
        placement["kinds"],
        placements.names_of(placement),
    )


def cloud_of(name: str, ports: Ports) -> Cloud:
    """Raises `RetryError` where this agent may not use the cloud: another one, or this one set up again, may."""
    if name not in ports.clouds:
        log.error("cloud_not_served", cloud=name)
        raise RetryError(NOT_SERVED_RETRY_S, f"this agent does not build in the cloud {name}")
    return ports.clouds[name]


def _may_be_known_to_terraform(placement: Document, run: Held, ports: Ports) -> bool:
    """Without a state, pushed or not, there is nothing that Terraform could destroy."""
    ports.states.adopt(placement["_id"], run.epoch)
    if states.has_resources(ports.states.read(placement["_id"], run.epoch)):
        return True
    return ports.workspaces.open(placement["_id"], run.epoch).errored_state.exists()
