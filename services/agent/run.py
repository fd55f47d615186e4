"""The story of a provision: choose an offer, write down the intent, build it, and if it fails the next one.

Whatever a run built and did not report is proved gone before the run ends. A run that takes over from a dead one
first looks what the cloud has, and goes on from there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from marshmallow import ValidationError

from contracts.http.replicas import least_machines
from contracts.stack_outputs import read_deployment_outputs
from contracts.vocabulary import Reason
from services.agent import failover, lease, outcome, price_limits, removal, spec, stack_run, states, sweep
from services.agent.command import Command
from services.agent.failover import Attempt, Failure, FailureKind
from services.agent.lease import Held, RunCancelledError
from services.agent.placements import PlacementState
from services.agent.ports import Ports
from services.agent.terraform import Ended
from services.chassis.errors import FlowLlamaError, InvalidError, RejectError
from services.chassis.logs import get_logger
from services.chassis.mongo import Document

log = get_logger(__name__)

NO_OFFER = "None of the offers that pricing knows is in a cloud that this installation can build in for these networks."


def provision(command: Command, *, ports: Ports) -> None:
    """Carry the command out once, however often it comes. Raises `RetryError` while another run is under way."""
    if is_superseded(command, ports):
        log.info("command_superseded", command_id=command.id)
        return
    with lease.hold(
        ports.runs,
        command.deployment_id,
        shutdown=ports.shutdown,
        is_superseded=lambda: is_superseded(command, ports),
        watch_s=ports.rules.watch_s,
    ) as run:
        if has_ended(run, command):
            outcome.tell_again(run, command)
            return
        begin(run, command)
        try:
            _Provision(command, run, ports).carry_out()
        except RunCancelledError:
            # The destroy that follows in the same queue group takes down what stands.
            outcome.end(run, command, outcome.CANCELLED, ())


def is_superseded(command: Command, ports: Ports) -> bool:
    """Whether the user wants something else by now, or the deployment does not exist at all."""
    return ports.intents.generation(command.deployment_id) != command.generation


def has_ended(run: Held, command: Command) -> bool:
    return run.document["command_id"] == command.id and run.document["outcome"] is not None


def begin(run: Held, command: Command) -> None:
    """Take the command up, or up again: then a run before us died or was put off."""
    again = run.document["command_id"] == command.id
    run.save(
        {
            "command_id": command.id,
            "kind": command.kind.value,
            "generation": command.generation,
            "phase": "begun",
            "outcome": None,
            "deferrals": run.document["deferrals"] + 1 if again else 0,
        }
    )


class _Provision:
    def __init__(self, command: Command, run: Held, ports: Ports) -> None:
        self._command, self._run, self._ports = command, run, ports
        self._decision: Mapping[str, Any] | None = None
        self._refusal: str | None = None

    def carry_out(self) -> None:
        self._finish_rollbacks()
        placement = self._left_behind()
        while placement or (placement := self._choose()):
            failure = self._build(placement)
            if failure is None:
                return
            self._abandon(placement, failure)
            placement = None
        self._give_up()

    def _finish_rollbacks(self) -> None:
        for placement in self._own(PlacementState.REMOVING):
            self._roll_back(placement)

    def _left_behind(self) -> Document | None:
        """What a run before us built or was building when it died. What the cloud has beyond its state goes first."""
        for placement in self._own(PlacementState.BUILDING, PlacementState.STANDING):
            log.warning("placement_taken_over", placement_id=placement["_id"], epoch=self._run.epoch)
            self._ports.states.adopt(placement["_id"], self._run.epoch)
            known = states.known_ids(self._ports.states.read(placement["_id"], self._run.epoch))
            target = removal.target_of(placement, self._ports)
            sweep.until_empty([target], removal.patience(self._run, self._ports), keep=known)
            self._announce(placement)
            return placement
        return None

    def _choose(self) -> Document | None:
        """The next offer, its placement written down and announced; None when there is none left to try."""
        self._run.check()
        attempts = self._attempts()
        decision = self._decide()
        if decision is None:
            return None
        possible = [c for c in decision["candidates"] if self._can_build(c)]
        affordable = price_limits.within(possible, self._command)
        candidate = failover.next_offer(affordable, attempts, self._ports.rules.max_offers)
        if candidate is None:
            return None
        if attempts and attempts[-1].failure.kind is FailureKind.TRANSIENT:
            self._run.pause(self._ports.rules.backoff_s * len(attempts))
        return self._intend(candidate, decision)

    def _can_build(self, candidate: Mapping[str, Any]) -> bool:
        return candidate["cloud"] in self._ports.clouds and spec.is_reachable(candidate, self._command)

    def _decide(self) -> Mapping[str, Any] | None:
        """Pricing's decision, asked for once a run. Its refusal is kept in its own words."""
        if self._decision is None and self._refusal is None:
            try:
                self._decision = self._ports.pricing.select(self._command)
            except InvalidError as refusal:
                self._refusal = refusal.detail
        return self._decision

    def _intend(self, candidate: Mapping[str, Any], decision: Mapping[str, Any]) -> Document:
        """First the record that says where to look, then the event; only then anything is built."""
        number = len(self._ports.placements.of_deployment(self._command.deployment_id)) + 1
        placement_id = f"{self._command.deployment_id}-{number}"
        stack = self._spec(placement_id, candidate, decision["model"])
        offer = failover.offer_of(candidate, decision["decision_id"], placement_id)
        placement = self._ports.placements.intend(self._command, number, self._run.epoch, offer, stack)
        self._announce(placement)
        log.info("offer_chosen", **{k: offer[k] for k in ("placement_id", "zone", "machine", "spot")})
        return placement

    def _announce(self, placement: Document) -> None:
        known = [*self._run.document["placement_ids"], placement["_id"]]
        self._run.save(
            {"phase": "building", "placement_ids": list(dict.fromkeys(known))},
            outcome.compose(self._command, [outcome.selected(placement)]),
        )

    def _spec(self, placement_id: str, candidate: Mapping[str, Any], model: Mapping[str, Any]) -> Document:
        build = self._ports.rules.build
        try:
            return spec.deployment(self._command, placement_id, self._run.epoch, candidate, model, build)
        except ValidationError as error:
            raise RejectError(f"no stack can be made of this: {error.messages}") from error

    def _build(self, placement: Document) -> Failure | None:
        """None when it stands and that is reported."""
        placement = self._ports.placements.change(placement, self._run.epoch)
        ended = stack_run.apply(placement, self._run, self._ports)
        if not ended.ok:
            return failover.classify(ended)
        placement = self._ports.placements.change(
            placement, self._run.epoch, state=PlacementState.STANDING.value, outputs=_outputs(ended)
        )
        facts = outcome.standing(self._command, placement)
        outcome.end(self._run, self._command, "standing", facts, [outcome.selected(placement)])
        self._prove_abandoned_gone()
        return None

    def _abandon(self, placement: Document, failure: Failure) -> None:
        log.warning("offer_failed", placement_id=placement["_id"], kind=failure.kind.value, code=failure.code)
        placement = self._ports.placements.change(
            placement, self._run.epoch, state=PlacementState.REMOVING.value, failure=failure.as_document()
        )
        if failover.concerns_everybody(failure):
            self._block(placement, failure)
        self._roll_back(placement)

    def _block(self, placement: Document, failure: Failure) -> None:
        """Spare everybody else the same try. Pricing being away is no reason to stop ours."""
        is_quota, least = failure.kind is FailureKind.QUOTA, least_machines(self._command.data["workload"])
        if least > 1 and not is_quota:
            return  # There was no room for so many at once; for one there may be.
        try:
            for zone in _zones_tried(placement)[: 1 if is_quota else None]:
                self._ports.pricing.block(
                    {**placement["offer"], "zone": zone},
                    failure.code,
                    quota=is_quota,
                    machines=least,
                    correlation_id=self._command.origin.correlation_id,
                )
        except FlowLlamaError as error:
            log.warning("offer_not_blocked", error=type(error).__name__)

    def _roll_back(self, placement: Document) -> None:
        removed = removal.remove(placement, self._run, self._ports)
        self._ports.placements.change(removed, self._run.epoch, state=PlacementState.ABANDONED.value)

    def _give_up(self) -> None:
        """Report the failure, but only after the cloud was seen empty of everything that was tried."""
        self._prove_abandoned_gone()
        attempts = self._attempts()
        reason, detail = (
            failover.verdict(attempts) if attempts else (Reason.NO_OFFER, self._refusal or NO_OFFER)
        )
        outcome.end(self._run, self._command, "failed", [outcome.failed(self._command, reason, detail)])

    def _prove_abandoned_gone(self) -> None:
        """A machine whose launch was never answered may be listed only later; the reaper counts it a stray too."""
        left = self._own(PlacementState.ABANDONED)
        if left:
            targets = [removal.target_of(placement, self._ports) for placement in left]
            removal.prove_gone(left, targets, self._run, self._ports)

    def _attempts(self) -> Sequence[Attempt]:
        return [
            Attempt(placement["offer"], Failure.from_document(placement["failure"]))
            for placement in self._of_this_command()
            if placement["failure"]
        ]

    def _own(self, *wanted: PlacementState) -> Sequence[Document]:
        return [p for p in self._of_this_command() if p["state"] in wanted]

    def _of_this_command(self) -> Sequence[Document]:
        placements = self._ports.placements.of_deployment(self._command.deployment_id)
        return [p for p in placements if p["command_id"] == self._command.id]


def _zones_tried(placement: Document) -> Sequence[str]:
    """A group that lacks capacity in one zone goes to the next, so its refusal is that of all of them."""
    replicas = placement["spec"].get("replicas")
    return [placement["offer"]["zone"]] if replicas is None else sorted(replicas["subnets"])


def _outputs(ended: Ended) -> Document:
    return asdict(read_deployment_outputs({name: {"value": value} for name, value in ended.outputs.items()}))
