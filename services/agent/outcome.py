"""How a command ended, kept with the events that say so: whoever asks again gets them again."""

from collections.abc import Mapping, Sequence
from typing import Any

from contracts import messages as m
from contracts.envelope import Message
from contracts.vocabulary import Reason
from services.agent.command import Command
from services.agent.lease import Held
from services.agent.spec import INSTANCE_PORT
from services.chassis import outbox
from services.chassis.logs import get_logger
from services.chassis.mongo import Document

log = get_logger(__name__)

Fact = tuple[str, Mapping[str, Any]]  # The type of an event and its data, without the ids of the deployment.

CANCELLED = "cancelled"


def selected(placement: Document) -> Fact:
    return m.SELECTED, {"placement": placement["offer"]}


def standing(command: Command, placement: Document) -> Sequence[Fact]:
    """The machine stands; or the group of machines behind a balancer, whose name is then the instance's id."""
    outputs = placement["outputs"]
    machine = {"instance_id": outputs["instance_id"], "address": outputs["address"]}
    launched = {
        **machine,
        "user_id": command.user_id,
        "placement_id": placement["_id"],
        "cloud": placement["cloud"],
        "region": placement["region"],
        "port": INSTANCE_PORT,
        "replicas": _replicas(placement["spec"]),
        "model": placement["spec"]["model"]["tag"],
        "health_token_sealed": command.data["health_token_sealed"],
    }
    since = placement["created_at"].isoformat()
    provisioned = {"placement": placement["offer"], **machine, "building_since": since}
    return ((m.PROVISIONED, provisioned), (m.INSTANCE_LAUNCHED, launched))


def _replicas(spec: Mapping[str, Any]) -> Mapping[str, int] | None:
    replicas = spec.get("replicas")
    return None if replicas is None else {"min": replicas["min"], "max": replicas["max"]}


def failed(command: Command, reason: Reason, detail: str) -> Fact:
    return m.FAILED, {"command_id": command.id, "reason": reason.value, "detail": detail[:2000]}


def removed(placements: Sequence[Document]) -> Sequence[Fact]:
    """Health stops watching what it may have heard of."""
    return [(m.INSTANCE_REMOVED, {"placement_id": p["_id"]}) for p in placements if p["outputs"]]


def destroyed(command: Command, sweeps: int) -> Fact:
    return m.DESTROYED, {"command_id": command.id, "sweeps": sweeps}


def end(
    run: Held, command: Command, phase: str, facts: Sequence[Fact], told_before: Sequence[Fact] = ()
) -> None:
    """The command is carried out: one write says so, and holds what there is to tell.

    Whoever asks again may have missed what was told before, so that comes again as well.
    """
    told = [{"type": type_, "data": dict(data)} for type_, data in (*told_before, *facts)]
    run.save({"phase": phase, "outcome": {"result": phase, "events": told}}, compose(command, facts))
    log.info("run_ended", command_id=command.id, result=phase)


def tell_again(run: Held, command: Command) -> None:
    """The same events once more, under new message ids: the receivers know what they have seen."""
    facts = [(event["type"], event["data"]) for event in run.document["outcome"]["events"]]
    run.save({}, compose(command, facts))
    log.info("outcome_told_again", command_id=command.id, events=len(facts))


def compose(command: Command, facts: Sequence[Fact]) -> Sequence[Message]:
    ids = {"deployment_id": command.deployment_id, "generation": command.generation}
    return [
        outbox.compose(
            command.origin,
            type_,
            subject=command.deployment_id,
            group=command.deployment_id,
            data={**ids, **data},
        )
        for type_, data in facts
    ]
