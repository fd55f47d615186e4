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


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """One directory for all: `init` is the slow part, and every stack asks for the same provider."""
    return Terraform(tmp_path_factory.mktemp("validate"), "http://127.0.0.1:9")  # Nobody is asked.


def test_terraform_validates_every_stack_on_aws(written: Written, cli: Terraform) -> None:
    stacks = {name: stack for name, stack in written.stacks.items() if "aws" in stack["provider"]}
    assert {"platform", "network", "deployment"} <= set(stacks)

    invalid = {name: faults(stack, cli) for name, stack in stacks.items()}
    assert {name: errors for name, errors in invalid.items() if errors} == {}


def test_a_planted_mistake_is_refused(written: Written, cli: Terraform) -> None:
    broken = json.loads(json.dumps(written.stacks["network-lean"]))
    ((_, vpc),) = broken["resource"]["aws_vpc"].items()
    vpc["cidr_blok"] = "10.0.0.0/16"

    assert any("cidr_blok" in error for error in faults(broken, cli))


def faults(document: dict[str, Any], cli: Terraform) -> list[str]:
    (cli.directory / "cdk.tf.json").write_text(json.dumps(document))
    if not (cli.directory / ".terraform").exists():
        cli.run("init", "-backend=false", "-input=false")
    return cli.faults()
