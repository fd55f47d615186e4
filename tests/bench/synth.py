"""How long the agent waits for a deployment's stack: from a warm child, and from one that has to start first."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from contracts.vocabulary import Cloud
from infra.cdktf import samples
from services.agent.synth_children import child_of
from services.chassis import logs
from tests.bench.report import Promise, figure
from tests.bench.timing import median, percentile, seconds_each

ROUNDS = 3
FIRST_FEW = 10  # Node still compiles what it runs; a child serves a thousand.
REQUESTS = 50
PROMISED_WARM_MS = 60.0
PROMISED_COLD_S = 15.0


@dataclass(frozen=True)
class Taken:
    """Seconds of each: a start with its first stack, a stack of a warm child, a process for one stack, json alone.

    `warm` has a list for each child, so that a burst of a neighbour's work spoils one of them.
    """

    cold: list[float]
    warm: list[list[float]]
    alone: list[float]
    written: list[float]


def run() -> list[Promise]:
    logs.configure("bench", "WARNING")
    print(
        f"\nSynth of one deployment: {ROUNDS} children, {REQUESTS} different specs to each; "
        "request, answer and files counted"
    )
    return [promise for name, raw in deployments() for promise in report(name, measure(raw))]


def deployments() -> list[tuple[str, dict[str, Any]]]:
    """Every sample of a deployment, of both clouds."""
    return [(name, raw) for name, raw in samples.every().items() if raw["kind"] == "deployment"]


def specs(raw: dict[str, Any], count: int) -> Iterator[dict[str, Any]]:
    """The same deployment under other ids, so that no two requests are alike."""
    for number in range(count):
        deployment_id = f"dep_{number:026}"
        key = f"placements/{deployment_id}-1/1.tfstate"
        yield {
            **raw,
            "deployment_id": deployment_id,
            "placement_id": f"{deployment_id}-1",
            "backend": {**raw["backend"], "key": key},
        }


def measure(raw: dict[str, Any]) -> Taken:
    with TemporaryDirectory() as folder:
        out = Path(folder)
        lives = [_life(raw, out) for _ in range(ROUNDS)]
        document = json.loads((out / "cdk.tf.json").read_text())
        return Taken(
            cold=[life[0] for life in lives],
            warm=[life[-REQUESTS:] for life in lives],
            alone=seconds_each(lambda _: _process(raw, out), range(ROUNDS)),
            written=seconds_each(lambda _: _write(document, out), range(REQUESTS)),
        )


def report(name: str, taken: Taken) -> list[Promise]:
    warm, cold, alone = median([median(each) for each in taken.warm]), median(taken.cold), median(taken.alone)
    slow = median([percentile(each, 0.95) for each in taken.warm])
    print(f" {name}")
    figure("  a process for each stack: `infra.cdktf synth`", alone, "s")
    figure("  the child from nothing to its first stack", cold, "s", f"{cold / alone:.2f} × the process")
    figure(
        "  a stack of the warm child",
        warm * 1000,
        "ms",
        f"p95 {slow * 1000:.1f} ms, {alone / warm:,.0f} times as fast as the process",
    )
    figure("  the same document by json.dumps alone", median(taken.written) * 1000, "ms")
    return [
        Promise(f"synth of {name}, warm", warm * 1000, PROMISED_WARM_MS, "ms"),
        Promise(f"synth of {name}, cold start", cold, PROMISED_COLD_S, "s"),
    ]


def _life(raw: dict[str, Any], out: Path) -> list[float]:
    """The agent's own child: the first stack has to wait for its start."""
    child = child_of(Cloud(raw["cloud"]))
    try:
        return seconds_each(lambda spec: child.synthesise(spec, out), specs(raw, 1 + FIRST_FEW + REQUESTS))
    finally:
        child.close()


def _process(raw: dict[str, Any], out: Path) -> None:
    spec = out / "spec.json"
    spec.write_text(json.dumps(raw), encoding="utf-8")
    command = (sys.executable, "-m", "infra.cdktf", "synth", "--spec", str(spec), "--out", str(out))
    subprocess.run(command, check=True, capture_output=True)


def _write(document: dict[str, Any], out: Path) -> None:
    (out / "bare.tf.json").write_text(json.dumps(document, indent=2), encoding="utf-8")
