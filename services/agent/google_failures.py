"""What Google Cloud refuses, read from the words in which Terraform's provider quotes it.

A call that is refused at once comes as "googleapi: Error 403: …, quotaExceeded"; an operation that fails later comes as
"Error waiting for … to create: " and Google's sentence, with or without its code. The words are those of the provider's
own code and of public reports; no Google provider was run to see them.
"""

import re

QUOTA = "QUOTA_EXCEEDED"  # With the metric behind a colon, where Google names it.

CAPACITY = frozenset(
    {"ZONE_RESOURCE_POOL_EXHAUSTED", "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS", "STOCKOUT"}
    | {"RESOURCE_POOL_EXHAUSTED", "NOT_OFFERED_IN_ZONE", "IP_SPACE_EXHAUSTED"}
)
TRANSIENT = frozenset(
    {"RESOURCE_NOT_READY", "RESOURCE_OPERATION_RATE_EXCEEDED", "INTERNAL_ERROR", "rateLimitExceeded"}
    | {"userRateLimitExceeded", "resourceNotReady", "backendError", "internalError", "alreadyExists"}
    | {"resourceInUseByAnotherResource", "operationRateExceeded"}
)
# Too many calls, a conflict, and whatever is Google's own trouble: none of it is about the offer.
_TRANSIENT_STATUS = re.compile(r"409|429|5\d\d")

_CODES = re.compile(
    r"\b(ZONE_RESOURCE_POOL_EXHAUSTED(?:_WITH_DETAILS)?|RESOURCE_POOL_EXHAUSTED|STOCKOUT|IP_SPACE_EXHAUSTED"
    r"|RESOURCE_NOT_READY|RESOURCE_OPERATION_RATE_EXCEEDED|INTERNAL_ERROR)\b"
)
# Google's code for each of its sentences; the first that is found decides.
_MEANINGS = (
    (re.compile(r"not have enough resources available to fulfill"), "ZONE_RESOURCE_POOL_EXHAUSTED"),
    (re.compile(r"is currently unavailable in the \S+ zone"), "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS"),
    (re.compile(r"IP space of '[^']*' is exhausted"), "IP_SPACE_EXHAUSTED"),
    (re.compile(r"Machine type with name '[^']*' does not exist in zone"), "NOT_OFFERED_IN_ZONE"),
    (re.compile(r"/(?:machineTypes|acceleratorTypes)/[^']*' was not found"), "NOT_OFFERED_IN_ZONE"),
    (re.compile(r"features are not compatible for creating instance"), "NOT_OFFERED_IN_ZONE"),
    (re.compile(r"The resource '[^']*' is not ready"), "RESOURCE_NOT_READY"),
    (re.compile(r"Operation rate exceeded for resource"), "RESOURCE_OPERATION_RATE_EXCEEDED"),
    (re.compile(r"Internal error\. Please try again"), "INTERNAL_ERROR"),
)
_ANSWER = re.compile(r"googleapi: (?:Error|got HTTP response code) (\d{3})[: ]\s*(.*)", re.DOTALL)
_REASON = re.compile(r"Reason: (\w+)|, ([a-z]\w+)\s*$")
_RATE = re.compile(r"[rR]ateLimitExceeded|Quota exceeded for quota metric")
_QUOTA = re.compile(r"\bquotaExceeded\b|\bQUOTA_EXCEEDED\b")
_NAMED_QUOTA = re.compile(r"Quota '([\w-]+)' exceeded")
_METRIC = re.compile(r"metric name = compute\.googleapis\.com/(\w+)")
_FAMILY = re.compile(r"\b(?:vm|gpu)_family:(\w+)")
_LATE = re.compile(
    r"Error waiting for .*?(timeout while waiting for state to become 'DONE'[^\n]*)", re.DOTALL
)


def refusal(words: str) -> tuple[str, str] | None:
    """A code and the words that say it, or None where nothing of this is Google's. A limit of calls is `rateLimitExceeded`,
    a refusal that has no reason beside it `HTTP` and its status."""
    answer = _ANSWER.search(words)
    said = " ".join((answer[2] if answer else words).split())
    if _RATE.search(words):
        return "rateLimitExceeded", said
    if quota := _quota(words):
        return quota, said
    if code := _sentence(words):
        return code, said
    if answer is None:
        return None
    found = _REASON.search(said)
    return (found[1] or found[2]) if found else f"HTTP{answer[1]}", said


def is_transient(code: str, words: str) -> bool:
    """By its code, or by the status of the answer."""
    answer = _ANSWER.search(words)
    return code in TRANSIENT or (answer is not None and _TRANSIENT_STATUS.fullmatch(answer[1]) is not None)


def is_late(words: str) -> str | None:
    """What an operation that did not end in time was waited for with, or None."""
    found = _LATE.search(words)
    return found[1] if found else None


def _sentence(words: str) -> str | None:
    if coded := _CODES.search(words):
        return coded[1]
    return next((code for sentence, code in _MEANINGS if sentence.search(words)), None)


def _quota(words: str) -> str | None:
    """With the metric as a region's list of quotas calls it: Google's newer metrics count every family under one name,
    and say the family beside it."""
    named = _NAMED_QUOTA.search(words)
    if named is None and _QUOTA.search(words) is None:
        return None
    named, family = named or _METRIC.search(words), _FAMILY.search(words)
    metric = (named[1] if named else "").partition("-per-project")[0].upper().replace("-", "_")
    if family:
        metric = f"{family[1]}_{'GPUS' if metric.startswith('GPUS') else 'CPUS'}"
    return f"{QUOTA}:{metric}" if metric else QUOTA
