"""`python -m infra.cdktf serve` is the agent's synth child; `… synth` writes the stack of a spec, or the samples."""

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import TextIO

from marshmallow import ValidationError

from contracts.stack_spec import load_stack_spec
from contracts.vocabulary import Cloud
from infra.cdktf import bindings, samples
from infra.cdktf.serve import Synthesise, milliseconds_since, say, serve

DEFAULT_LIMIT = 2000


def main(arguments: list[str] | None = None) -> int:
    chosen = _parser().parse_args(arguments)
    if chosen.command == "serve":
        return _serve(Cloud(chosen.cloud), chosen.limit)
    if chosen.spec:
        return _write_stack(chosen.spec, chosen.out)
    return _write_samples(chosen.out)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.cdktf", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    child = commands.add_parser("serve", help="answer JSON requests from stdin, one a line")
    child.add_argument(
        "--limit", type=int, default=DEFAULT_LIMIT, help="requests before the child ends itself"
    )
    child.add_argument(
        "--cloud", choices=[*Cloud], default=Cloud.AWS, help="whose stacks; each cloud has a child of its own"
    )
    samples_ = commands.add_parser("synth", help="write one stack of each kind, or that of --spec")
    samples_.add_argument("--out", type=Path, default=Path("cdktf.out"))
    samples_.add_argument(
        "--spec", type=Path, help="a stack spec as JSON; its stack is written straight to --out"
    )
    return parser


def _serve(cloud: Cloud, limit: int) -> int:
    started = time.perf_counter()
    answers = _keep_stdout_to_ourselves()
    synthesise = _load_synthesise(cloud)
    say(answers, {"ready": True, "ms": milliseconds_since(started)})
    serve(sys.stdin, answers, synthesise, limit=limit)
    return 0


def _write_stack(file: Path, out: Path) -> int:
    try:
        spec = load_stack_spec(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError) as error:
        sys.stderr.write(f"{file}: {error}\n")
        return 1
    sys.stdout.write(f"{_load_synthesise(spec.cloud)(spec, out)}\n")
    return 0


def _write_samples(out: Path) -> int:
    for name, raw in samples.every().items():
        spec = load_stack_spec(raw)
        sys.stdout.write(f"{_load_synthesise(spec.cloud)(spec, out / name)}\n")
    return 0


def _load_synthesise(cloud: Cloud) -> Synthesise:
    # Imported late: it takes seconds and starts Node, which asking for --help must not.
    bindings.load_sparingly(cloud)
    from infra.cdktf import synth

    return synth.only(cloud)


def _keep_stdout_to_ourselves() -> TextIO:
    """Whatever else writes to stdout, a library or Node, lands on stderr instead of between two answers."""
    sys.stdout.flush()
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers


if __name__ == "__main__":
    sys.exit(main())
