"""A long cycle of Terraform in a process of its own, beside other tests: one sends it off, one at the end asks.

Cycles wait for minutes, because the provider does. What they saw is the JSON on their standard output.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
LIMIT_S = 420

Cycle = subprocess.Popen[str]


@contextmanager
def sent_off(module: str, folder: Path) -> Iterator[Cycle]:
    """`python -m module folder`. Its cloud and Terraform are of the process's own group, and go with it."""
    running = subprocess.Popen(
        [sys.executable, "-m", module, str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    yield running
    if running.poll() is None:
        os.killpg(running.pid, signal.SIGTERM)
        running.communicate()


def told_by(cycle: Cycle) -> dict[str, Any]:
    """Waits for its end; what it complained of is the failure."""
    said, complaint = cycle.communicate(timeout=LIMIT_S)
    assert cycle.returncode == 0, complaint
    told: dict[str, Any] = json.loads(said)
    return told
