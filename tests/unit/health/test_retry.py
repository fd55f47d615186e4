"""When a webhook is tried again."""

from datetime import UTC, datetime, timedelta

import pytest

from services.health.webhooks.retry import DELAYS_S, next_attempt, retry_after

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_ten_attempts_over_the_schedule_of_the_specification() -> None:
    minute, hour = 60, 3600
    expected = [5, 5 * minute, 30 * minute, *(n * hour for n in (2, 5, 10, 14, 20, 24))]

    waits = [next_attempt(attempts, NOW, 0) for attempts in range(1, 10)]

    assert [(wait - NOW).total_seconds() for wait in waits if wait] == expected
    assert next_attempt(10, NOW, 0) is None
    assert timedelta(seconds=sum(DELAYS_S)) == timedelta(hours=75, minutes=35, seconds=5)


def test_jitter_adds_at_most_a_tenth() -> None:
    assert next_attempt(2, NOW, 1.0) == NOW + timedelta(seconds=330)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 120 ", 120),
        ("Fri, 02 Jan 2026 03:14:05 GMT", 600),
        ("999999999999999999999", 86_400),
        ("Fri, 02 Jan 2099 03:14:05 GMT", 86_400),
    ],
)
def test_a_pause_that_is_asked_for(value: str, seconds: int) -> None:
    assert retry_after({"Retry-After": value}, NOW) == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize("value", ["", "0", "-5", "soon", "1.5", "²", "Thu, 01 Jan 2026 00:00:00 GMT"])
def test_what_is_no_pause(value: str) -> None:
    assert retry_after({"Retry-After": value}, NOW) is None


def test_no_header_is_no_pause() -> None:
    assert retry_after({}, NOW) is None
