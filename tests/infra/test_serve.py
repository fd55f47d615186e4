"""The synth child's loop answers everything, one line for one line."""

import io
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra.cdktf import samples
from infra.cdktf.serve import LONGEST_LINE, serve
from services.agent.synth import COMMAND

ROOT = Path(__file__).parents[2]


def request(**changes: Any) -> dict[str, Any]:
    return {"id": "1", "spec": samples.network(), "out": "/out", **changes}


def asked(*lines: str, limit: int = 100, fails: Exception | None = None) -> list[dict[str, Any]]:
    answers = io.StringIO()

    def synthesise(_: Any, out: Path) -> Path:
        if fails is not None:
            raise fails
        return out / "cdk.tf.json"

    serve(io.StringIO("".join(f"{line}\n" for line in lines)), answers, synthesise, limit=limit)
    return [json.loads(line) for line in answers.getvalue().splitlines()]


def test_a_good_request_names_its_file() -> None:
    (answer,) = asked(json.dumps(request()))

    assert answer["ms"] >= 0
    assert {**answer, "ms": 0} == {"id": "1", "ok": True, "file": "/out/cdk.tf.json", "ms": 0}


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("{", "invalid_json"),
        ("[" * 100_000, "invalid_json"),
        ("[]", "invalid_request"),
        ("null", "invalid_request"),
        (json.dumps(request(id=1)), "invalid_request"),
        (json.dumps(request(out="relative")), "invalid_request"),
        (json.dumps(request(out=None)), "invalid_request"),
        ('"' + "x" * (LONGEST_LINE * 2) + '"', "invalid_request"),
        (json.dumps(request(spec=None)), "invalid_spec"),
        (json.dumps(request(spec=samples.network(cidr="8.8.0.0/16"))), "invalid_spec"),
    ],
)
def test_a_bad_request_is_answered_and_the_next_one_served(line: str, kind: str) -> None:
    bad, good = asked(line, json.dumps(request()))

    assert bad["ok"] is False
    assert bad["error"]["kind"] == kind
    assert good["ok"] is True


def test_wrong_fields_are_named() -> None:
    (answer,) = asked(json.dumps(request(spec=samples.network(cidr="8.8.0.0/16", zones=[]))))

    assert set(answer["error"]["fields"]) == {"zones"}


def test_a_failing_synth_ends_nothing() -> None:
    first, second = asked(json.dumps(request()), json.dumps(request(id="2")), fails=OSError("disk full"))

    assert first["error"] == {"kind": "synth_failed", "message": "OSError: disk full", "fields": {}}
    assert second["id"] == "2"


def test_the_loop_ends_after_its_limit_and_skips_blank_lines() -> None:
    line = json.dumps(request())

    assert len(asked("", line, "  ", line, line, limit=2)) == 2


def test_the_real_child_prints_answers_only_and_ends_with_its_input(tmp_path: Path) -> None:
    lines = [
        json.dumps(request(out=str(tmp_path / "a"))),
        "nonsense",
        json.dumps(request(id="2", out=str(tmp_path / "b"))),
    ]
    done = subprocess.run(
        COMMAND,
        cwd=ROOT,
        input="\n".join(lines) + "\n",
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )

    ready, first, bad, second = [json.loads(line) for line in done.stdout.splitlines()]
    assert ready["ready"] is True
    assert (first["ok"], bad["ok"], second["ok"]) == (True, False, True)
    assert (tmp_path / "a/cdk.tf.json").read_text() == (tmp_path / "b/cdk.tf.json").read_text()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["cdk.tf.json"]
