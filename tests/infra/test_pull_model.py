"""The last steps of a boot, without a machine: tags checked again, progress summed, notices read."""

import json
from typing import Any

import pytest

from infra.cdktf.instance.interruption import parse_notice
from infra.cdktf.instance.pull_model import checked_tag, progress


@pytest.mark.parametrize("tag", ["llama3.2:1b", "user/model:Q4", "hf.co/Org/Repo:Q4_K_M"])
def test_a_tag_passes(tag: str) -> None:
    assert checked_tag({"model": {"tag": tag}}) == tag


@pytest.mark.parametrize("tag", ["$(reboot)", "a b", "evil.host/m", "x\n", "../x", "", None, ["x"]])
def test_what_is_no_tag_stops_the_boot(tag: Any) -> None:
    with pytest.raises(ValueError, match="not a tag"):
        checked_tag({"model": {"tag": tag}})


def test_progress_sums_the_layers() -> None:
    events = [
        {"status": "pulling manifest"},
        {"status": "pulling a", "digest": "a", "total": 300, "completed": 150},
        {"status": "pulling b", "digest": "b", "total": 100},
        {"status": "pulling b", "digest": "b", "total": 100, "completed": 100},
        {"status": "success"},
    ]

    seen = [percent for percent, _ in progress(json.dumps(event).encode() for event in events)]

    assert seen == [0, 50, 37, 62, 62]


def test_ollamas_error_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="not found"):
        list(progress([b'{"error": "model not found"}']))


def test_a_notice_is_read_and_nonsense_is_none() -> None:
    notice = '{"action": "terminate", "time": "2026-11-24T08:22:00Z"}'
    assert parse_notice(notice) == {"action": "terminate", "time": "2026-11-24T08:22:00Z"}
    for body in ("", "[]", "{}", "<html>", "null"):
        assert parse_notice(body) is None
