"""What a poll means."""

from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.vocabulary import InstanceStatus, Reason
from services.health.model import (
    NOBODY_READY,
    CloudState,
    Look,
    Streak,
    Verdict,
    gone,
    judge,
    rank,
    with_the_clouds_word,
)

NOW = datetime(2026, 1, 2, tzinfo=UTC)
READY = Look(phase="ready", progress_pct=100, ca_pem="PEM", listed=True, answered=True)
FAILS = Look(failure="no answer in time")


def record(status: str = "starting", **changes: Any) -> dict[str, Any]:
    return {
        "status": status,
        "reason": "provisioned",
        "boot": {"phase": "ready", "progress_pct": 100, "detail": None},
        "ca_pem": "PEM",
        "answered_at": NOW,
        "interruption": None,
        **changes,
    }


def looks(before: dict[str, Any], *seen: Look) -> list[Verdict]:
    """Weigh one look after the other, each on the record the former left."""
    streak, verdicts = Streak(), []
    for look in seen:
        verdict = judge(before, look, streak, NOW)
        before, streak = {**before, **verdict.changes}, verdict.streak
        verdicts.append(verdict)
    return verdicts


def reports(before: dict[str, Any], *seen: Look) -> list[str | None]:
    return [verdict.report.status if verdict.report else None for verdict in looks(before, *seen)]


def test_a_starting_instance_is_healthy_once_its_model_is_listed_and_has_answered() -> None:
    loading = Look(phase="loading", ca_pem="PEM")
    unlisted = Look(phase="ready", ca_pem="PEM")
    listed = Look(phase="ready", ca_pem="PEM", listed=True)

    assert reports(record(), loading, unlisted, listed, READY) == [None, None, None, "healthy"]


def test_a_starting_instance_may_be_silent_for_long() -> None:
    assert reports(record(), *[FAILS] * 50) == [None] * 50


REPLICAS = {"min": 2, "max": 3}
FAILED = Look(phase="failed", detail="no such model")


def test_one_replica_that_failed_to_start_is_its_groups_to_mend() -> None:
    waiting = record(replicas=REPLICAS)

    assert reports(waiting, *[FAILED, Look(phase="pulling")] * 20) == [None] * 40
    assert reports(waiting, *[FAILED] * 10) == [None] * 9 + ["unhealthy"]
    assert reports(record(), FAILED) == ["unhealthy"]


def test_a_silent_groups_machines_are_counted_while_it_starts() -> None:
    cloud = CloudState("standing", detail="1 of 2 machines are launched, 1 in service")
    before = record(replicas=REPLICAS, boot={"phase": "booting", "progress_pct": None, "detail": None})

    told = with_the_clouds_word(before, judge(before, FAILS, Streak(), NOW), cloud)
    again = with_the_clouds_word({**before, **told.changes}, Verdict(Streak()), cloud)

    assert told.report is None
    assert told.changes == {
        "boot": {
            "phase": "booting",
            "progress_pct": None,
            "detail": "1 of 2 machines are launched, 1 in service",
        }
    }
    assert again.changes == {}, "what is known is not written again"


def test_a_start_that_waits_for_something_else_than_machines_says_what_for() -> None:
    cloud = CloudState("standing", detail="2 of 2 machines are launched, 2 in service")
    before = record(replicas=REPLICAS, boot={"phase": "booting", "progress_pct": None, "detail": None})
    why = "its certificate does not verify against the roots of balancers"

    told = with_the_clouds_word(before, Verdict(Streak()), cloud, why)
    usual = with_the_clouds_word(before, Verdict(Streak()), cloud, NOBODY_READY)

    assert told.changes["boot"]["detail"] == f"{cloud.detail}; {why}"
    assert usual.changes["boot"]["detail"] == cloud.detail


def test_a_phase_that_a_replica_told_is_not_taken_back() -> None:
    before = record(replicas=REPLICAS, boot={"phase": "pulling", "progress_pct": 43, "detail": None})

    assert with_the_clouds_word(before, Verdict(Streak()), CloudState("standing", detail="x")).changes == {}


def test_bad_news_of_replicas_say_how_many_there_are() -> None:
    before, cloud = (
        record("healthy", replicas=REPLICAS),
        CloudState("standing", detail="0 of 2 machines are launched"),
    )
    verdict = looks(before, FAILS, FAILS, FAILS)[-1]

    told = with_the_clouds_word(before, verdict, cloud)

    assert told.report is not None
    assert told.report.detail == "no answer in time; 0 of 2 machines are launched"
    assert told.changes["detail"] == told.report.detail


def test_progress_is_written_only_when_it_changes() -> None:
    pulling = Look(phase="pulling", progress_pct=43, ca_pem="PEM")

    first, second = looks(record(answered_at=None), pulling, pulling)

    assert first.changes == {"boot": {"phase": "pulling", "progress_pct": 43, "detail": None}}
    assert second.changes == {}


def test_a_failed_boot_is_told_once() -> None:
    failed = Look(phase="failed", detail="checksum of ollama is wrong", ca_pem="PEM")

    first, second = looks(record(), failed, failed)

    assert first.report is not None
    assert (first.report.status, first.report.reason) == (InstanceStatus.UNHEALTHY, Reason.BOOT_FAILED)
    assert first.report.detail == "checksum of ollama is wrong"
    assert second.report is None


def test_three_failures_in_a_row_make_it_unhealthy_once() -> None:
    assert reports(record("healthy"), FAILS, FAILS, FAILS, FAILS) == [None, None, "unhealthy", None]


def test_a_poller_in_trouble_is_no_evidence() -> None:
    ours = Look(failure="no connection, or it broke (ClientConnectorError)", is_ours=True)

    assert reports(record("healthy"), *[ours] * 10) == [None] * 10


def test_flapping_is_damped() -> None:
    assert reports(record("healthy"), *[FAILS, FAILS, READY] * 20) == [None] * 60


def test_a_recovery_needs_two_successes() -> None:
    assert reports(record("unhealthy"), READY, FAILS, READY, READY) == [None, None, None, "healthy"]


def test_a_busy_instance_is_healthy_without_a_list() -> None:
    busy = Look(phase="ready", ca_pem="PEM", busy=True, answered=True)

    assert reports(record("healthy"), *[busy] * 5) == [None] * 5


def test_a_reboot_asks_for_a_new_answer() -> None:
    rebooting = Look(phase="booting", ca_pem="PEM")

    (verdict,) = looks(record("healthy"), rebooting)

    assert verdict.changes["answered_at"] is None
    assert verdict.streak == Streak(failures=1)


@pytest.mark.parametrize(
    ("notice", "cloud", "reason"),
    [
        (None, CloudState("terminated"), Reason.INSTANCE_TERMINATED),
        (None, CloudState("shutting-down", by_spot=True), Reason.SPOT_INTERRUPTED),
        ({"action": "terminate", "time": "soon"}, CloudState("terminated"), Reason.SPOT_INTERRUPTED),
        (None, CloudState("absent"), Reason.INSTANCE_TERMINATED),
    ],
)
def test_why_it_is_gone(notice: Any, cloud: CloudState, reason: Reason) -> None:
    verdict = gone(record("healthy", interruption=notice), cloud, NOW)

    assert verdict.report is not None
    assert (verdict.report.status, verdict.report.reason) == (InstanceStatus.TERMINATED, reason)


@pytest.mark.parametrize(
    ("state", "is_gone"),
    [
        ("pending", False),
        ("running", False),
        ("stopping", True),
        ("stopped", True),
        ("shutting-down", True),
        ("terminated", True),
    ],
)
def test_states_in_which_an_instance_is_gone(state: str, *, is_gone: bool) -> None:
    assert CloudState(state).gone is is_gone


def test_a_later_generation_or_placement_ranks_higher() -> None:
    assert rank(1, "dep_x-9") < rank(1, "dep_x-10") < rank(2, "dep_x-1")
