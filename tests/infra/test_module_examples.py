"""Every example for AWS is valid, and what examples make comes, is settled and goes, by the real CLI and provider.

The first test sends it off; the second, which comes at the end, looks at how it went (tests/workers.py).
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.modules.__main__ import FOLDER
from tests.infra import terraform

pytestmark = [
    pytest.mark.terraform,
    pytest.mark.skipif(terraform.missing() is not None, reason=str(terraform.missing())),
]

ROOT = Path(__file__).parents[2]
LIMIT_S = 420


@pytest.fixture(scope="session")
def cycle(tmp_path_factory: pytest.TempPathFactory) -> Iterator["subprocess.Popen[str]"]:
    running = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.infra.modules.examples_cycle",
            str(tmp_path_factory.mktemp("examples")),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    yield running
    if running.poll() is None:
        # The session ends early: its cloud and Terraform are of the process's own group, and go with it.
        os.killpg(running.pid, signal.SIGTERM)
        running.communicate()


@pytest.mark.first
def test_the_examples_set_out(cycle: "subprocess.Popen[str]") -> None:
    assert cycle.poll() is None


@pytest.mark.last
@pytest.mark.timeout(LIMIT_S + 30)
def test_the_examples_were_valid_came_were_settled_and_went(cycle: "subprocess.Popen[str]") -> None:
    said, complaint = cycle.communicate(timeout=LIMIT_S)
    assert cycle.returncode == 0, complaint
    told = json.loads(said)

    examples = (FOLDER / "aws").glob("*/examples/*/main.tf")
    assert told["valid"] == sorted(f"{file.parents[2].name}-{file.parent.name}" for file in examples)
    assert told["stood"] == {
        "vpcs": 3,
        "addresses": 1,
        "templates": 2,
        "groups": 2,
        "balancers": 1,
        "target_groups": 1,
        "buckets": 3,
        "roles": 4,
        "profiles": 2,
        "log_groups": 1,
    }
    assert set(told["left"].values()) == {0}
