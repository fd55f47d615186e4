"""Stacks are written in this process, with only the bindings they use."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.stack_spec import load_stack_spec
from contracts.vocabulary import Cloud
from infra.cdktf import bindings
from tests.infra.provider_schema import Provider

WriteStack = Callable[[dict[str, Any], Path], dict[str, Any]]


@pytest.fixture(scope="session")
def aws_schema() -> Provider:
    return Provider("cdktf_cdktf_provider_aws")


@pytest.fixture(scope="session")
def write_stack() -> WriteStack:
    bindings.load_sparingly(Cloud.AWS)
    from infra.cdktf.synth import load, synthesise

    load(Cloud.AWS)

    def write(raw: dict[str, Any], out: Path) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(synthesise(load_stack_spec(raw), out).read_text())
        return document

    return write
