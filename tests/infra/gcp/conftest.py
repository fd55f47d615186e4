"""Stacks and constructs of Google Cloud, written by other processes: its bindings stay out of the tests' own."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.vocabulary import Cloud
from services.agent.synth import SynthChild
from services.agent.synth_children import child_of
from tests.infra import provider_schema
from tests.infra.gcp.specs import SPECS
from tests.infra.provider_schema import Provider

ROOT = Path(__file__).parents[3]
Document = dict[str, Any]
Stacks = dict[str, Document]


@pytest.fixture(scope="session")
def child() -> Iterator[SynthChild]:
    """The child that the agent starts."""
    running = child_of(Cloud.GCP)
    yield running
    running.close()


@pytest.fixture(scope="session")
def stacks(child: SynthChild, tmp_path_factory: pytest.TempPathFactory) -> Stacks:
    """The stack of every spec in `specs`, by its name there."""
    out = tmp_path_factory.mktemp("gcp")
    for name, raw in SPECS.items():
        child.synthesise(raw, out / name)
    return {name: json.loads((out / name / "cdk.tf.json").read_text()) for name in SPECS}


@pytest.fixture(scope="session")
def google_schema() -> Provider:
    return Provider("cdktf_cdktf_provider_google")


@pytest.fixture(scope="session")
def trees(google_schema: Provider) -> Stacks:
    """Every construct that a `trees_…` module beside this file makes, in a stack of its own, by its name there."""
    written = subprocess.run(
        [sys.executable, "-m", "tests.infra.gcp.trees"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert written.returncode == 0, written.stderr
    found: Stacks = json.loads(written.stdout)
    for name, document in found.items():
        assert provider_schema.faults(document, {"google": google_schema}) == [], name
    return found


@pytest.fixture(scope="session")
def placements(stacks: Stacks) -> Callable[[str], Stacks]:
    """The stacks that hold a kind of resource, by name."""
    return lambda kind: {name: document for name, document in stacks.items() if kind in document["resource"]}
