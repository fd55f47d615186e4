"""Creating and deleting a deployment: what the API decides before anything is queued."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Protocol

from marshmallow import ValidationError
from pymongo.errors import DuplicateKeyError
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from contracts import messages as m
from contracts.claims import Principal
from contracts.http.deployments import NEEDS_IPV4
from contracts.http.replicas import most_machines, one_machine
from contracts.http.webhook import validate_webhook_target
from contracts.http.workload import WorkloadSchema
from contracts.vocabulary import DeploymentStatus, Exposure, Reason
from services.chassis import outbox
from services.chassis.clock import Clock
from services.chassis.config import Network
from services.chassis.errors import ConflictError, InvalidError, NotFoundError, StaleError
from services.chassis.ids import is_id
from services.chassis.mongo import Document
from services.chassis.outbox import Origin
from services.chassis.sealing import Sealer
from services.deployments import model
from services.deployments.first_record import Request, compose
from services.deployments.spending import OverBudgetError, Spending, Wanted
from services.deployments.store import Deployments

ANSWER_KEPT = timedelta(hours=24)


class Pricing(Protocol):
    """What creation needs of pricing."""

    def quote(self, workload: Mapping[str, Any], *, correlation_id: str) -> Decimal:
        """US dollars by the hour of the machine that suits best.

        Raises `InvalidError` with pricing's own words when nothing on offer could ever run this.
        """

    def lowest(self, workload: Mapping[str, Any], *, correlation_id: str) -> Decimal:
        """US dollars by the hour of the cheapest machine, which need not suit best."""


@dataclass(frozen=True)
class Creation:
    """The ports of creating."""

    deployments: Deployments
    pricing: Pricing
    spending: Spending
    sealer: Sealer
    clock: Clock
    webhook_networks: Sequence[Network] = ()


@dataclass(frozen=True)
class Created:
    deployment: Document
    credentials: Mapping[str, str | None]


def create(request: Request, ports: Creation) -> Created:
    """Record a deployment with its first events; the answer comes before anything is built.

    Raises `InvalidError` (a field, or a key used for another body), `OverBudgetError`, and `ConflictError` (too
    many live ones).
    """
    reference = _reference(request)
    if (answered := _answered(reference, request, ports)) is not None:
        return answered
    _refuse_private_webhook(request, ports.webhook_networks)
    _refuse_ipv6_alone(request)
    workload = WorkloadSchema().dump({k: v for k, v in request.body.items() if k in WorkloadSchema().fields})
    hourly_usd = ports.pricing.quote(_priced(workload, request), correlation_id=request.origin.correlation_id)
    try:
        return _record(request, reference, workload, hourly_usd, ports)
    except (ConflictError, DuplicateKeyError):
        # Another try of this request may be recorded by now: its answer is this one's, too.
        if (answered := _answered(reference, request, ports)) is None:
            raise
        return answered


def delete(deployment_id: str, caller: Principal, origin: Origin, ports: Creation) -> Document:
    """Ask for a deployment's end. Idempotent; reachable from every state, and it cancels what is under way.

    Raises `NotFoundError`, and `StaleError` when the record changes faster than we can look.
    """
    retrying = Retrying(retry=retry_if_exception_type(StaleError), stop=stop_after_attempt(5), reraise=True)
    result: Document = retrying(_delete_once, deployment_id, caller, origin, ports)
    return result


def _delete_once(deployment_id: str, caller: Principal, origin: Origin, ports: Creation) -> Document:
    deployment = owned(deployment_id, caller, ports.deployments)
    if deployment["status"] in (DeploymentStatus.DELETING, DeploymentStatus.DELETED):
        return deployment
    generation = deployment["generation"] + 1
    change = model.move(deployment, DeploymentStatus.DELETING, Reason.USER_REQUEST, ports.clock())
    change = model.Move(
        change.previous, change.status, {**change.changes, "generation": generation}, change.history
    )
    data = {"deployment_id": deployment_id, "generation": generation, "user_id": caller.subject}
    nudge = outbox.compose(origin, m.DELETE_REQUESTED, subject=deployment_id, group=caller.subject, data=data)
    return ports.deployments.transition(deployment, change, origin, events=[nudge])


def owned(deployment_id: str, caller: Principal, deployments: Deployments) -> Document:
    """The caller's own deployment. Somebody else's is not found, like one that never was."""
    found = deployments.of_user(deployment_id, caller.subject) if is_id(deployment_id, "dep") else None
    if found is None:
        raise NotFoundError("There is no such deployment.")
    return found


def _record(
    request: Request, reference: str | None, workload: Mapping[str, Any], hourly_usd: Decimal, ports: Creation
) -> Created:
    document, events, credentials = compose(request, workload, ports.sealer, ports.clock())
    reserved = _reserve(document, reference, hourly_usd, request, ports)
    document["projected_hourly_usd"] = reserved.hourly_usd
    if reference:
        document |= _remembered(reference, request, credentials, ports)
    try:
        return Created(ports.deployments.insert(document, events), credentials)
    except DuplicateKeyError:
        ports.spending.release(reserved)
        raise


def _priced(workload: Mapping[str, Any], request: Request) -> Mapping[str, Any]:
    """What the price depends on: a private machine pays for its way out."""
    return {**workload, "exposure": request.body["exposure"]["kind"].value}


def _refuse_private_webhook(request: Request, networks: Sequence[Network]) -> None:
    """Early and by the text alone; the sender resolves and judges the address again at every attempt."""
    if request.body["webhook"] is None:
        return
    try:
        validate_webhook_target(request.body["webhook"]["url"], networks)
    except ValidationError as error:
        message = str(error.messages[0])
        raise InvalidError(message, errors=[{"field": "webhook.url", "message": message}]) from error


def _refuse_ipv6_alone(request: Request) -> None:
    """Without a list only the caller gets in, and by IPv6 nobody reaches a balancer."""
    wanted = request.body["exposure"]
    if wanted["kind"] is Exposure.LOAD_BALANCED and not wanted["allow_cidrs"] and ":" in request.address:
        raise InvalidError(NEEDS_IPV4, errors=[{"field": "exposure.allow_cidrs", "message": NEEDS_IPV4}])


def _reserve(
    document: Document, reference: str | None, hourly_usd: Decimal, request: Request, ports: Creation
) -> Wanted:
    """Money for the machine that suits best, else for the cheapest: the agent gets the ceiling either way."""
    caller, deployment_id = request.caller, document["_id"]
    key = reference or deployment_id
    machines = most_machines(document["workload"])
    wanted = Wanted(caller.subject, caller.tier, deployment_id, key, hourly_usd, machines)
    try:
        ports.spending.reserve(wanted)
    except OverBudgetError:
        lowest = ports.pricing.lowest(
            _priced(document["workload"], request), correlation_id=request.origin.correlation_id
        )
        wanted = replace(wanted, hourly_usd=lowest)
        ports.spending.reserve(wanted)
    return wanted


def _reference(request: Request) -> str | None:
    return f"{request.caller.subject}:{request.idempotency_key}" if request.idempotency_key else None


def _fingerprint(request: Request) -> str:
    """Of what was asked for. One machine is left out, as it was before there were replicas: keys outlive a release."""
    said = {k: v for k, v in request.body.items() if k != "replicas" or v != one_machine()}
    canonical = json.dumps(said, sort_keys=True, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _remembered(
    reference: str, request: Request, credentials: Mapping[str, str | None], ports: Creation
) -> Document:
    return {
        "idempotency_ref": reference,
        "idempotency": {
            "request_sha256": _fingerprint(request),
            "credentials_sealed": ports.sealer.seal(json.dumps(credentials)),
            "expires_at": ports.clock() + ANSWER_KEPT,
        },
    }


def _answered(reference: str | None, request: Request, ports: Creation) -> Created | None:
    """The answer to an earlier try of this request; None where there was none."""
    known = ports.deployments.by_idempotency(reference) if reference else None
    return None if known is None else _first_answer(known, request, ports.sealer)


def _first_answer(known: Document, request: Request, sealer: Sealer) -> Created:
    if known["idempotency"]["request_sha256"] != _fingerprint(request):
        message = "This key was used for another request; take a new one."
        raise InvalidError(message, errors=[{"field": "Idempotency-Key", "message": message}])
    return Created(known, json.loads(sealer.open(known["idempotency"]["credentials_sealed"])))
