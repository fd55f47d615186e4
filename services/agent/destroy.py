"""The story of a destroy: take down every placement, see the cloud empty twice, and only then say so."""

from collections.abc import Sequence

from services.agent import kinds, lease, outcome, removal
from services.agent.cloud import Cloud
from services.agent.command import Command
from services.agent.lease import Held
from services.agent.placements import PlacementState, names_of, place_of
from services.agent.ports import Ports
from services.agent.resource import Place, Tags
from services.agent.run import begin, has_ended
from services.agent.sweep import Target
from services.chassis.logs import get_logger
from services.chassis.mongo import Document

log = get_logger(__name__)


def destroy(command: Command, *, ports: Ports) -> None:
    """Carry the command out once, however often it comes. Raises `RetryError` while another run is under way,
    and while the cloud still lists something."""
    if _is_outdated(command, ports):
        log.info("command_superseded", command_id=command.id)
        return
    with lease.hold(
        ports.runs, command.deployment_id, shutdown=ports.shutdown, watch_s=ports.rules.watch_s
    ) as run:
        if has_ended(run, command):
            outcome.tell_again(run, command)
            return
        begin(run, command)
        _take_down(command, run, ports)


def _take_down(command: Command, run: Held, ports: Ports) -> None:
    placements = ports.placements.of_deployment(command.deployment_id)
    left = [placement for placement in placements if placement["state"] != PlacementState.DESTROYED]
    # Health is told first: what goes now goes on purpose.
    removed = outcome.removed(left)
    run.save({"phase": "destroying"}, outcome.compose(command, removed))
    for placement in left:
        removal.remove(placement, run, ports)
    run.save({"phase": "sweeping"})
    sweeps = removal.prove_gone(left, _targets(command, placements, ports), run, ports)
    outcome.end(run, command, "destroyed", [outcome.destroyed(command, sweeps)], removed)


def _targets(command: Command, placements: Sequence[Document], ports: Ports) -> Sequence[Target]:
    """Every region that a placement was ever meant for; without any, every region that we could have built in."""
    known = sorted({(p["cloud"], place_of(p)) for p in placements})
    places = known or [found for found in ports.intents.connected() if found[0] in ports.clouds]
    tags = {"flowllama-deployment": command.deployment_id}
    return [
        _target(removal.cloud_of(cloud, ports), cloud, place, tags, placements) for cloud, place in places
    ]


def _target(cloud: Cloud, name: str, place: Place, tags: Tags, placements: Sequence[Document]) -> Target:
    there = [p for p in placements if (p["cloud"], place_of(p)) == (name, place)]
    looked_for = sorted({kind for placement in there for kind in placement["kinds"]})
    names = [record for placement in there for record in names_of(placement)]
    return Target(cloud, place, tags, looked_for or kinds.BALANCED[name], names)


def _is_outdated(command: Command, ports: Ports) -> bool:
    """A destroy of an older intent must not take down what a newer one has built."""
    generation = ports.intents.generation(command.deployment_id)
    return generation is not None and generation > command.generation
