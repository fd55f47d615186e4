"""The sweep: announces a command again when a state lasts too long, and calls a person when nothing helps.

A lost message is a delay, never a stuck deployment. The agent answers a command it has already carried out by
reporting its outcome again, so one nudge heals every lost report behind it.
"""

import threading
from datetime import timedelta

from contracts.vocabulary import DeploymentStatus, Reason
from services.chassis.clock import Clock
from services.chassis.errors import FOREIGN_OUTAGES, StaleError
from services.chassis.ids import new_id
from services.chassis.logs import get_logger
from services.chassis.mongo import Document
from services.chassis.outbox import Origin
from services.deployments import model
from services.deployments.admission import DESTROY, Admission, command_message
from services.deployments.store import Deployments

log = get_logger(__name__)

EVERY_S = 5.0
BATCH = 100


class Sweep:
    def __init__(self, deployments: Deployments, admission: Admission, clock: Clock) -> None:
        self._deployments = deployments
        self._admission = admission
        self._clock = clock

    def run(self, stopping: threading.Event) -> None:
        while not stopping.wait(EVERY_S):
            try:
                self.sweep()
            except FOREIGN_OUTAGES as error:
                log.warning("sweep_outage", error=type(error).__name__)

    def sweep(self) -> int:
        """Look at every record that is due; returns how many were."""
        now = self._clock()
        self._deployments.forget_answers(now)
        due = self._deployments.due(now, BATCH)
        for deployment in due:
            try:
                self._look_at(deployment)
            except StaleError:
                log.info("sweep_was_overtaken", deployment_id=deployment["_id"])
            except FOREIGN_OUTAGES:
                raise
            except Exception as error:
                # One record that breaks our assumptions must not keep the others from being looked at.
                log.exception("sweep_failed", deployment_id=deployment["_id"], error=type(error).__name__)
        return len(due)

    def _look_at(self, deployment: Document) -> None:
        origin = Origin("deployments", new_id("swp"))
        status = DeploymentStatus(deployment["status"])
        if self._owes_a_destroy(deployment):
            self._admission.release_destroy(deployment, origin)
            return
        if model.is_stuck(deployment, self._clock()):
            detail = f"It has been {status} for too long; its command was announced again in vain."
            change = model.move(
                deployment, DeploymentStatus.NEEDS_ATTENTION, Reason.STUCK, self._clock(), detail=detail
            )
            self._deployments.transition(deployment, change, origin)
            log.error("deployment_stuck", deployment_id=deployment["_id"], status=status.value)
            return
        waited = self._postponed(deployment)
        if status is DeploymentStatus.REQUESTED:
            self._deployments.amend(deployment, waited)
            self._admission.advance(deployment["user_id"], origin)
        elif status is DeploymentStatus.DELETING and deployment.get("command") is None:
            # It was never released: nobody but us can end it.
            change = model.move(deployment, DeploymentStatus.DELETED, Reason.NEVER_PROVISIONED, self._clock())
            self._deployments.transition(deployment, change, origin)
        else:
            self._nudge(deployment, waited, origin)

    def _owes_a_destroy(self, deployment: Document) -> bool:
        """A deletion whose message was lost comes before any verdict: nothing else stops the bill."""
        command = deployment.get("command")
        return (
            deployment["status"] == DeploymentStatus.DELETING
            and command is not None
            and command["kind"] != DESTROY
        )

    def _nudge(self, deployment: Document, waited: Document, origin: Origin) -> None:
        command = {**deployment["command"], "nudge": deployment["command"]["nudge"] + 1}
        self._deployments.amend(
            deployment, {**waited, "command": command}, [command_message(deployment, command, origin)]
        )
        log.warning("command_announced_again", command_id=command["id"], nudge=command["nudge"])

    def _postponed(self, deployment: Document) -> Document:
        deadline = model.DEADLINES[DeploymentStatus(deployment["status"])]
        return {"next_at": self._clock() + max(deadline.nudge_every, timedelta(seconds=1))}
