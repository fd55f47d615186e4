"""A module says what its construct says, whatever it is given: Terraform reckons the one, CDKTF writes the other.

No provider takes part, so this holds for Google Cloud as well.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.modules.aws import common
from infra.modules.recipe import Given, Recipe
from infra.modules.values import Document
from tests.infra import terraform
from tests.infra.modules import comparing, doubles

pytestmark = [
    pytest.mark.terraform,
    pytest.mark.skipif(terraform.missing() is not None, reason=str(terraform.missing())),
]

PLANTED = "planted"
KNOWN = {
    common.REGION_NOW: common.REGION,
    common.ACCOUNT_NOW: common.ACCOUNT,
    "data.aws_region.replica.name": "yy-sample-2",
}

Modules = Mapping[str, tuple[Recipe, Document]]


@pytest.fixture(scope="module")
def differing(lifted: Modules, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """By module and set of values; among them a planted one, whose machines lie in the other half of the range."""
    asked = {
        f"{label}-{index}".replace("/", "-"): (recipe, document, {**recipe.given, **probe})
        for label, (recipe, document) in lifted.items()
        for index, probe in enumerate(recipe.probes)
    }
    recipe, document, given = asked["gcp-network-0"]
    subnet = document.things["google_compute_subnetwork.this"]
    other_half = replace(subnet, body={**subnet.body, "ip_cidr_range": "${cidrsubnet(var.cidr, 1, 1)}"})
    asked[PLANTED] = (
        recipe,
        Document({**document.things, subnet.address: other_half}, document.outputs),
        given,
    )
    answers = reckon(tmp_path_factory.mktemp("doubles"), asked)
    return {
        name: differences(comparing.answered(document, answers[name]), comparing.expected(recipe, given))
        for name, (recipe, document, given) in asked.items()
    }


def test_modules_and_constructs_agree_on_other_values_than_the_samples(
    differing: dict[str, list[str]],
) -> None:
    assert {name: parts for name, parts in differing.items() if parts and name != PLANTED} == {}


def test_a_module_that_says_something_else_is_found(differing: dict[str, list[str]]) -> None:
    (part,) = differing[PLANTED]
    assert part.startswith("google_compute_subnetwork.this: ")


def reckon(folder: Path, asked: Mapping[str, tuple[Recipe, Document, Given]]) -> dict[str, Any]:
    """What Terraform makes of each double, in one plan."""
    root: dict[str, Any] = {"module": {}, "output": {}}
    for name, (recipe, document, given) in asked.items():
        (folder / name).mkdir()
        (folder / name / "main.tf").write_text(doubles.configuration(recipe, document, KNOWN))
        root["module"][name] = {"source": f"./{name}", **given}
        root["output"][name] = {"value": f"${{module.{name}}}"}
    (folder / "main.tf.json").write_text(json.dumps(root))
    run = terraform.Terraform(folder, "http://127.0.0.1:9")
    run.run("init", "-input=false")
    run.run("plan", "-input=false", "-out=tfplan")
    planned = json.loads(run.run("show", "-json", "tfplan"))["planned_values"]["outputs"]
    return {name: output["value"] for name, output in planned.items()}


def differences(made: Any, wanted: Any) -> list[str]:
    """The parts that differ, as short as can be read."""
    return [
        f"{key}: {one.get(key)} is not {other.get(key)}"
        for one, other in zip(made, wanted, strict=True)
        for key in {**one, **other}
        if one.get(key) != other.get(key)
    ]
