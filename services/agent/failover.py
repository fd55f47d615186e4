"""What an error of the cloud means for the next try, and which offer that is. Pure decisions, no I/O."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from contracts.vocabulary import Cloud, Reason
from services.agent import google_failures, google_quota, scaling_activity
from services.agent.terraform import Ended

Offer = Mapping[str, Any]
LONGEST_DETAIL = 2000

_API_ERROR = re.compile(r"api error (\w+): (.*)", re.DOTALL)
# The cap is the user's own, so that it says nothing about the offer to anybody else.
OWN_PRICE_CAP = "SpotMaxPriceTooLow"

_CAPACITY = frozenset(
    {"InsufficientInstanceCapacity", OWN_PRICE_CAP, "Unsupported", "InsufficientHostCapacity"}
    | {"InsufficientCapacity", "InsufficientFreeAddressesInSubnet", "UnfulfillableCapacity"}
)
# Counted against a family of machines, so that the word about one concerns them all.
MACHINE_QUOTA = frozenset(
    {
        "VcpuLimitExceeded",
        "MaxSpotInstanceCountExceeded",
        "InstanceLimitExceeded",
        "SpotInstanceCountLimitExceeded",
    }
)
_QUOTA = MACHINE_QUOTA | frozenset({"VolumeLimitExceeded", "AddressLimitExceeded", "MaxIOPSLimitExceeded"})
# What a region has so many of, whatever the market: the parts of a balancer, and scaling groups.
_REGION_QUOTA = frozenset(
    {"TooManyLoadBalancers", "TooManyTargetGroups", "LimitExceeded", "SecurityGroupLimitExceeded"}
)
_TRANSIENT = frozenset(
    {"RequestLimitExceeded", "Throttling", "ThrottlingException", "InternalError", "InternalFailure"}
    | {"ServiceUnavailable", "Unavailable", "ResourceContention", "PriorRequestNotComplete"}
)
# A group tries its template with EC2 before it exists, and wraps the refusal in its own code.
_WRAPPED = "ValidationError"
_MARKET = ("cloud", "region", "spot")
_LOST_CONNECTION = ("request send failed", "connection reset", "EOF", "i/o timeout")


class FailureKind(StrEnum):
    """`capacity` and `quota` concern one offer or more; `transient` and `timeout` none; the last ends it all."""

    CAPACITY = "capacity"
    QUOTA = "quota"
    TRANSIENT = "transient"
    TIMEOUT = "timeout"
    FINAL = "final"


@dataclass(frozen=True)
class Failure:
    """Why a placement did not come to stand. `code` is the cloud's own word where it said one."""

    kind: FailureKind
    code: str
    message: str

    def as_document(self) -> dict[str, str]:
        return asdict(self)

    @staticmethod
    def from_document(document: Mapping[str, str]) -> "Failure":
        return Failure(FailureKind(document["kind"]), document["code"], document["message"])


@dataclass(frozen=True)
class Attempt:
    """An offer that was tried for this command, and what became of it."""

    offer: Offer
    failure: Failure


def classify(ended: Ended) -> Failure:
    """Read a failed apply. The first API error decides; later ones follow from it."""
    if ended.interrupted == "time_limit":
        return Failure(
            FailureKind.TIMEOUT, "TimeLimit", "The apply took longer than its limit and was stopped."
        )
    for error in ended.errors:
        words = f"{error.summary} {error.detail}"
        found = _API_ERROR.search(words)
        if found:
            code, said = found[1], found[2].strip()[:500]
            code = (scaling_activity.meaning(said) or code) if code == _WRAPPED else code
            return Failure(_kind_of(code), code, said)
        if failure := _of_a_group(words) or _of_google(words):
            return failure
    return _without_api_error(ended)


def next_offer(candidates: Sequence[Offer], attempts: Sequence[Attempt], max_offers: int) -> Offer | None:
    """The first candidate that no attempt rules out, or None when it is time to give up.

    An offer that failed for no reason of its own gets another chance, behind all the others.
    """
    if len(attempts) >= max_offers or any(a.failure.kind is FailureKind.FINAL for a in attempts):
        return None
    possible = [c for c in candidates if not any(_rules_out(a, c) for a in attempts)]
    untried = [c for c in possible if not any(_is_same(a.offer, c) for a in attempts)]
    return next(iter(untried or possible), None)


def concerns_everybody(failure: Failure) -> bool:
    """Whether others would fail alike: a lack of capacity, or of a quota that all machines of a family share."""
    if failure.kind is FailureKind.CAPACITY:
        return failure.code != OWN_PRICE_CAP
    return failure.code in MACHINE_QUOTA or (
        failure.kind is FailureKind.QUOTA and google_quota.is_of_machines(failure.code)
    )


def verdict(attempts: Sequence[Attempt]) -> tuple[Reason, str]:
    """How a provision that found no machine is reported, in words its user can act on."""
    kinds = {attempt.failure.kind for attempt in attempts}
    tried = "; ".join(_tried(attempt) for attempt in attempts)
    if FailureKind.FINAL in kinds:
        reason, advice = (
            Reason.PROVISIONING_FAILED,
            "The cloud refused it, and another machine would not help",
        )
    elif kinds == {FailureKind.QUOTA}:
        reason = Reason.QUOTA_EXCEEDED
        advice = "Ask for a higher quota with the cloud, or choose another region or machine"
    elif FailureKind.CAPACITY in kinds or FailureKind.QUOTA in kinds:
        reason = Reason.NO_CAPACITY
        advice = "Try again later, allow on-demand machines, or choose another region or machine"
    else:
        reason, advice = Reason.PROVISIONING_FAILED, "Try again later"
    return reason, f"{len(attempts)} offers tried, none came to stand. {advice}. {tried}"[:LONGEST_DETAIL]


def offer_of(candidate: Mapping[str, Any], decision_id: str, placement_id: str) -> dict[str, Any]:
    """A candidate as events name it: the placement of `contracts.messages`."""
    at_min = candidate.get("hourly_usd_at_min")  # Not told by a pricing service of before.
    return {
        "placement_id": placement_id,
        "decision_id": decision_id,
        "cloud": candidate["cloud"],
        "region": candidate["region"],
        "zone": candidate["zone"],
        "machine": candidate["machine"]["type"],
        "spot": candidate["spot"],
        "hourly_usd": str(candidate["hourly_usd"]),
        "hourly_usd_at_min": None if at_min is None else str(at_min),
        "monthly_usd": str(candidate["monthly_usd"]),
    }


def _of_a_group(words: str) -> Failure | None:
    if refused := scaling_activity.refusal(words):
        code, said = refused
        return Failure(_kind_of(code), code, said[:500])
    if late := scaling_activity.is_late(words):
        return Failure(FailureKind.TIMEOUT, "GroupNotInService", late)
    return None


def _of_google(words: str) -> Failure | None:
    if late := google_failures.is_late(words):
        return Failure(FailureKind.TIMEOUT, "OperationNotDone", late[:500])
    refused = google_failures.refusal(words)
    if refused is None:
        return None
    code, said = refused
    is_transient = google_failures.is_transient(code, words)
    return Failure(FailureKind.TRANSIENT if is_transient else _kind_of(code), code, said[:500])


def _kind_of(code: str) -> FailureKind:
    if code in _CAPACITY or code in google_failures.CAPACITY:
        return FailureKind.CAPACITY
    if code in _QUOTA | _REGION_QUOTA or code.startswith(google_failures.QUOTA):
        return FailureKind.QUOTA
    if code in _TRANSIENT:
        return FailureKind.TRANSIENT
    return FailureKind.FINAL


def _without_api_error(ended: Ended) -> Failure:
    words = " ".join(f"{e.summary} {e.detail}".strip() for e in ended.errors) or " ".join(ended.tail)
    kind = FailureKind.TRANSIENT if any(sign in words for sign in _LOST_CONNECTION) else FailureKind.FINAL
    return Failure(kind, "Terraform", words.strip()[:500] or f"Terraform ended with status {ended.status}.")


def _rules_out(attempt: Attempt, candidate: Offer) -> bool:
    """A quota counts for a whole region, spot and on-demand apart unless it is of no machines, and on Google Cloud for a
    family of machines; a lack of capacity for the one offer.
    """
    kind, failure = attempt.failure.kind, attempt.failure
    if kind is FailureKind.QUOTA and attempt.offer["cloud"] == Cloud.GCP:
        return google_quota.concerns(failure.code, failure.message, attempt.offer, candidate)
    if kind is FailureKind.QUOTA:
        names = ("cloud", "region") if failure.code in _REGION_QUOTA else _MARKET
        return _agree(attempt.offer, candidate, names)
    return kind not in (FailureKind.TRANSIENT, FailureKind.TIMEOUT) and _is_same(attempt.offer, candidate)


def _is_same(offer: Offer, candidate: Offer) -> bool:
    same_machine = offer["machine"] == candidate["machine"]["type"] and offer["zone"] == candidate["zone"]
    return same_machine and _agree(offer, candidate, _MARKET)


def _agree(offer: Offer, candidate: Offer, names: Sequence[str]) -> bool:
    return all(offer[name] == candidate[name] for name in names)


def _tried(attempt: Attempt) -> str:
    offer, failure = attempt.offer, attempt.failure
    market = "spot" if offer["spot"] else "on-demand"
    return f"{offer['machine']} {market} in {offer['zone']}: {failure.code} ({failure.message[:200]})"
