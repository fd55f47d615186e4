"""What a poll means: pure rules from what was seen to what is written and reported."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from contracts import messages as m
from contracts.vocabulary import InstanceStatus, Reason

# One failed start is the group's to mend, which launches another machine. If nobody but failed ones answers, none does.
FAILED_BOOTS_OF_REPLICAS = 10
FAILURES_TO_UNHEALTHY = 3  # Consecutive: a flapping instance that answers in between stays healthy.
SUCCESSES_TO_HEALTHY = 2
DETAIL_MAX = 300
NOBODY_READY = "the balancer has no machine that is ready"
SPOT_NOTICE = timedelta(minutes=2)  # What AWS promises between its word and the end.

REPORTS: Mapping[InstanceStatus, str] = {
    InstanceStatus.HEALTHY: m.INSTANCE_HEALTHY,
    InstanceStatus.UNHEALTHY: m.INSTANCE_UNHEALTHY,
    InstanceStatus.TERMINATED: m.INSTANCE_TERMINATED,
}


@dataclass(frozen=True)
class Look:
    """What one poll saw. `failure` says why the instance did not answer as it should; then nothing else counts.

    `is_ours`: the failure lies with the poller, so it is no evidence at all.
    """

    failure: str | None = None
    is_ours: bool = False
    phase: str = "booting"
    progress_pct: int | None = None
    detail: str | None = None
    interruption: Mapping[str, str] | None = None
    ca_pem: str | None = None
    busy: bool = False
    listed: bool = False
    answered: bool = False

    @property
    def serves(self) -> bool:
        """The model is there and has generated a token in this start; a busy instance needs no more proof."""
        return self.failure is None and self.phase == "ready" and self.answered and (self.listed or self.busy)


@dataclass(frozen=True)
class CloudState:
    """What the cloud says of one instance; `by_spot` when it gives its own spot market as the reason.

    A scaling group is `standing` as long as nobody deletes it; `detail` says how many machines it has.
    """

    state: str
    by_spot: bool = False
    detail: str | None = None

    @property
    def gone(self) -> bool:
        return self.state in ("shutting-down", "terminated", "stopping", "stopped", DELETING, ABSENT)


ABSENT = "absent"
DELETING = "being deleted"
STANDING = "standing"


@dataclass(frozen=True)
class Streak:
    """Consecutive looks of one kind. Kept in memory: a takeover starts to count afresh."""

    failures: int = 0
    successes: int = 0
    failed_boots: int = 0

    def after(self, look: Look) -> "Streak":
        if look.serves:
            return Streak(successes=self.successes + 1)
        failed = look.failure is None and look.phase == "failed"
        return Streak(failures=self.failures + 1, failed_boots=self.failed_boots + 1 if failed else 0)


@dataclass(frozen=True)
class Report:
    """A status to tell, and why."""

    status: InstanceStatus
    reason: Reason
    detail: str


@dataclass(frozen=True)
class Verdict:
    """The consequence of a poll: the fields that changed, and a report where the status did."""

    streak: Streak
    changes: Mapping[str, Any] = field(default_factory=dict)
    report: Report | None = None


def judge(record: Mapping[str, Any], look: Look, streak: Streak, now: datetime) -> Verdict:
    """Weigh one look at an instance that is not terminated."""
    if look.is_ours:
        return Verdict(streak)
    after = streak.after(look)
    changes = _told_changes(record, look, now) if look.failure is None else {}
    report = _report(record, look, after)
    if report is not None:
        changes = {**changes, **status_changes(report, now)}
    return Verdict(after, changes, report)


def gone(record: Mapping[str, Any], cloud: CloudState, now: datetime) -> Verdict:
    """The cloud has it no more; it is not watched any longer."""
    by_spot = cloud.by_spot or record.get("interruption") is not None
    reason = Reason.SPOT_INTERRUPTED if by_spot else Reason.INSTANCE_TERMINATED
    report = Report(InstanceStatus.TERMINATED, reason, f"the cloud says that the instance is {cloud.state}")
    return Verdict(Streak(), status_changes(report, now), report)


def with_the_clouds_word(
    record: Mapping[str, Any], verdict: Verdict, cloud: CloudState, failure: str | None = None
) -> Verdict:
    """What a silent group's machines are about: part of bad news, or how far the start has come.

    A start may also wait for what no machine mends, such as a certificate or a name: then the failure is told, too.
    """
    if cloud.detail is None:
        return verdict
    if verdict.report is not None:
        report = replace(verdict.report, detail=f"{verdict.report.detail}; {cloud.detail}")
        return replace(
            verdict, report=report, changes={**verdict.changes, "detail": report.detail[:DETAIL_MAX]}
        )
    waits = cloud.detail if failure in (None, NOBODY_READY) else f"{cloud.detail}; {failure}"
    boot = {"phase": "booting", "progress_pct": None, "detail": waits[:DETAIL_MAX]}
    is_news = record["boot"]["phase"] == "booting" and record["boot"] != boot
    if record["status"] != InstanceStatus.STARTING or not is_news:
        return verdict
    return replace(verdict, changes={**verdict.changes, "boot": boot})


def announced(action: str, at: datetime) -> dict[str, str]:
    """A notice that came from the cloud itself, as an instance would tell it: what will happen, and when."""
    ends = (at + SPOT_NOTICE).astimezone(UTC)
    return {"action": action, "time": ends.strftime("%Y-%m-%dT%H:%M:%SZ")}


def status_changes(report: Report, now: datetime) -> dict[str, Any]:
    return {
        "status": report.status.value,
        "reason": report.reason.value,
        "detail": report.detail[:DETAIL_MAX],
        "changed_at": now,
    }


def rank(generation: int, placement_id: str) -> tuple[int, int]:
    """Order of the placements of one deployment: a later one is never displaced by an earlier."""
    number = placement_id.rpartition("-")[2]
    return generation, int(number) if number.isdecimal() else 0


def _report(record: Mapping[str, Any], look: Look, streak: Streak) -> Report | None:
    status = InstanceStatus(record["status"])
    if streak.failed_boots >= (1 if record.get("replicas") is None else FAILED_BOOTS_OF_REPLICAS):
        return _boot_failed(record, look)
    if status is InstanceStatus.STARTING:
        return _healthy() if look.serves else None
    if status is InstanceStatus.UNHEALTHY and streak.successes >= SUCCESSES_TO_HEALTHY:
        return _healthy()
    if status is InstanceStatus.HEALTHY and streak.failures >= FAILURES_TO_UNHEALTHY:
        why = look.failure or f"it answers but does not serve the model (phase {look.phase})"
        return Report(InstanceStatus.UNHEALTHY, Reason.PROBES_FAIL, why)
    return None


def _healthy() -> Report:
    return Report(InstanceStatus.HEALTHY, Reason.MODEL_ANSWERS, "the model is listed and has answered")


def _boot_failed(record: Mapping[str, Any], look: Look) -> Report | None:
    if record["status"] == InstanceStatus.UNHEALTHY and record["reason"] == Reason.BOOT_FAILED:
        return None
    return Report(InstanceStatus.UNHEALTHY, Reason.BOOT_FAILED, look.detail or "the start-up script failed")


def _told_changes(record: Mapping[str, Any], look: Look, now: datetime) -> dict[str, Any]:
    """What an answering instance told, as far as it is news."""
    detail = look.detail[:DETAIL_MAX] if look.detail else None
    told: dict[str, Any] = {
        "boot": {"phase": look.phase, "progress_pct": look.progress_pct, "detail": detail},
        "ca_pem": look.ca_pem,
        # Never taken back: the cloud's own word may be here before the instance has heard of it.
        "interruption": dict(look.interruption) if look.interruption else record.get("interruption"),
    }
    changes = {name: value for name, value in told.items() if record.get(name) != value}
    if look.answered != (record.get("answered_at") is not None):
        changes["answered_at"] = now if look.answered else None
    return changes
