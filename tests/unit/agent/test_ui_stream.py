"""Terraform's output line by line, and what of it is kept."""

import json

import pytest

from services.agent.run_logs import LONGEST_MESSAGE, harmless
from services.agent.ui_stream import UnknownUiVersionError, parse


def test_a_diagnostic_carries_its_words_and_its_resource() -> None:
    line = {
        "@level": "error",
        "@message": "Error: creating EC2 Instance",
        "type": "diagnostic",
        "diagnostic": {
            "severity": "error",
            "summary": "creating EC2 Instance",
            "detail": "",
            "address": "aws_instance.x",
        },
    }

    event = parse(json.dumps(line))

    assert event is not None
    assert event.is_error
    assert (event.summary, event.resource) == ("creating EC2 Instance", "aws_instance.x")


def test_a_warning_is_no_error() -> None:
    event = parse(
        '{"type": "diagnostic", "@level": "warn", "diagnostic": {"severity": "warning", "summary": "old"}}'
    )

    assert event is not None
    assert (event.is_error, event.level) == (False, "warn")


def test_progress_names_its_resource() -> None:
    event = parse(
        '{"type": "apply_start", "@level": "info", "@message": "m", "hook": {"resource": {"addr": "aws_vpc.v"}}}'
    )

    assert event is not None
    assert event.resource == "aws_vpc.v"


def test_outputs_come_with_the_apply_and_not_with_the_plan() -> None:
    planned = parse('{"type": "outputs", "outputs": {"a": {"sensitive": false, "action": "create"}}}')
    applied = parse(
        '{"type": "outputs", "outputs": {"a": {"sensitive": false, "type": "string", "value": "x"}}}'
    )

    assert planned is not None
    assert planned.outputs == {}
    assert applied is not None
    assert applied.outputs == {"a": "x"}


@pytest.mark.parametrize("version", ["1.0", "1.2", "1.99"])
def test_a_minor_version_may_rise(version: str) -> None:
    assert parse(json.dumps({"type": "version", "ui": version, "unheard_of": 1})) is not None


@pytest.mark.parametrize("version", ["0.1", "2.0", ""])
def test_another_major_version_is_refused(version: str) -> None:
    with pytest.raises(UnknownUiVersionError):
        parse(json.dumps({"type": "version", "ui": version}))


@pytest.mark.parametrize("line", ["Initializing the backend...", "[1, 2]", '{"no": "type"}', "{" * 5000])
def test_text_that_is_no_event_is_kept_as_text(line: str) -> None:
    event = parse(line + "\n")

    assert event is not None
    assert (event.type, event.message) == ("text", line)


def test_an_empty_line_says_nothing() -> None:
    assert parse("\n") is None


def test_lines_are_bounded_and_hold_no_instance_token() -> None:
    token = "fll_" + "a" * 43

    kept = harmless(f"Bearer {token} " + "x" * 5000)

    assert token not in kept
    assert len(kept) == LONGEST_MESSAGE
