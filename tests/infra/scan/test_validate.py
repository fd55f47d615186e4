"""The real Terraform and provider take every stack on AWS as it is written."""

import json
from typing import Any

import pytest

from tests.infra import terraform
from tests.infra.scan.conftest import Written
from tests.infra.terraform import Terraform

pytestmark = [
    pytest.mark.terraform,
    pytest.mark.skipif(terraform.missing() is not None, reason=str(terraform.missing())),
]
PLANTED = "planted"


@pytest.fixture(scope="module")
def stacks(written: Written) -> dict[str, dict[str, Any]]:
    return {name: stack for name, stack in written.stacks.items() if "aws" in stack["provider"]}


@pytest.fixture(scope="module")
def faults(
    stacks: dict[str, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[str]]:
    """Faults by stack. All are modules of one root, because each start of the provider takes seconds."""
    cli = Terraform(tmp_path_factory.mktemp("validate"), "http://127.0.0.1:9")  # Nobody is asked.
    every = {**stacks, PLANTED: with_a_mistake(stacks["network-lean"])}
    for name, stack in every.items():
        (cli.directory / name).mkdir()
        (cli.directory / name / "cdk.tf.json").write_text(json.dumps(stack))
    root = {"module": {name: {"source": f"./{name}"} for name in every}}
    (cli.directory / "main.tf.json").write_text(json.dumps(root))
    cli.run("init", "-backend=false", "-input=false")
    found: dict[str, list[str]] = {}
    for place, fault in cli.faults():
        found.setdefault(place.partition("/")[0], []).append(fault)
    return found


def with_a_mistake(stack: dict[str, Any]) -> dict[str, Any]:
    broken: dict[str, Any] = json.loads(json.dumps(stack))
    (vpc,) = broken["resource"]["aws_vpc"].values()
    vpc["cidr_blok"] = "10.0.0.0/16"
    return broken


def test_terraform_takes_every_stack_on_aws(
    stacks: dict[str, dict[str, Any]], faults: dict[str, list[str]]
) -> None:
    assert {"platform", "network", "network-lean", "deployment"} <= set(stacks)
    assert {name: found for name, found in faults.items() if name != PLANTED} == {}


def test_a_planted_mistake_is_refused(faults: dict[str, list[str]]) -> None:
    assert any("cidr_blok" in fault for fault in faults[PLANTED])
