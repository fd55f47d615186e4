"""One JSON object a line; a secret that is logged by mistake is not written."""

import json
import logging
import sys
from collections.abc import Callable, Iterator
from io import StringIO

import pytest
import structlog

from services.chassis import logs

TOKEN = "fll_" + "A1b2-_" * 7 + "x"
WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
JWT = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ1c3JfYSJ9.c2lnbmF0dXJl"
SECRETS = (TOKEN, WEBHOOK_SECRET, JWT, "hunter2")

Lines = Callable[[], list[dict[str, object]]]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    """Logging as a process sets it up; calling it gives the lines written so far."""
    root, written = logging.getLogger(), StringIO()
    before, level = list(root.handlers), root.level
    monkeypatch.setattr(sys, "stdout", written)
    logs.configure("things", "INFO")
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_a_line_is_an_event_with_fields_and_the_bound_correlation(lines: Lines) -> None:
    logs.bind(correlation_id="req_1", subject=None)

    logs.get_logger("test.first").info("deployment_moved", status="running")

    line = lines()[0]
    assert line["event"] == "deployment_moved"
    assert line["status"] == "running"
    assert line["correlation_id"] == "req_1"
    assert line["service"] == "things"
    assert line["level"] == "info"
    assert "subject" not in line


def test_binding_forgets_the_request_before(lines: Lines) -> None:
    logs.bind(correlation_id="req_1", message_id="msg_1")
    logs.bind(correlation_id="req_2")

    logs.get_logger("test.second").info("something")

    line = lines()[0]
    assert line["correlation_id"] == "req_2"
    assert "message_id" not in line


@pytest.mark.parametrize(
    "fields",
    [
        {"access_token": "hunter2"},
        {"Authorization": "hunter2"},
        {"webhook_secret": "hunter2"},
        {"body": {"credentials": {"token": "hunter2"}}},
        {"rows": [{"password": "hunter2"}]},
        {"detail": f"the instance answered to {TOKEN}"},
        {"detail": f"signed with {WEBHOOK_SECRET}."},
        {"headers": ["Authorization", f"Bearer {JWT}"]},
        {"uri": "mongodb://app:hunter2@db:27017/flowllama"},
        {"cause": ValueError(f"bad token {TOKEN}")},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_secrets_are_hidden_by_name_and_by_form(lines: Lines, fields: dict[str, object]) -> None:
    logs.get_logger("test.third").info("something", **fields)

    text = json.dumps(lines())
    assert "[redacted]" in text
    assert not any(secret in text for secret in SECRETS)


def test_tracebacks_and_lines_of_libraries_are_searched_too(lines: Lines) -> None:
    try:
        int(f"refused {TOKEN}")
    except ValueError:
        logs.get_logger("test.fourth").exception("handler_failed")
    logging.getLogger("some.library").warning("calling with %s", f"Bearer {JWT}")

    written = lines()
    assert "ValueError" in str(written[0]["exception"])
    assert written[1]["service"] == "things"
    assert not any(secret in json.dumps(written) for secret in SECRETS)


def test_harmless_fields_stay_readable(lines: Lines) -> None:
    logs.get_logger("test.fifth").info(
        "offer", tokens_per_s=31.5, token_sha256="ab" * 32, token_type="Bearer"
    )

    line = lines()[0]
    assert line["tokens_per_s"] == 31.5
    assert line["token_sha256"] == "ab" * 32
    assert line["token_type"] == "Bearer"


def test_a_line_is_one_line_whatever_is_logged(lines: Lines) -> None:
    logs.get_logger("test.sixth").info("something", name='a\n{"event":"forged"}')

    assert [line["event"] for line in lines()] == ["something"]
