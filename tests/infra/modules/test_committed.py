"""The files under `terraform/modules` are what the constructs say now, laid out as Terraform lays it out."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace

import pytest

from infra.modules import catalogue
from infra.modules.__main__ import FOLDER
from infra.modules.recipe import Recipe
from infra.modules.values import Document

Modules = Mapping[str, tuple[Recipe, Document]]


def drift(recipe: Recipe, document: Document) -> list[str]:
    """Files that differ from the committed ones by more than white space, or that only one side has."""
    made = catalogue.written(recipe, document)
    folder = FOLDER / recipe.cloud.value / recipe.name
    there = {file.relative_to(FOLDER) for file in folder.rglob("*") if file.is_file()}
    changed = {
        path for path in there & made.keys() if letters(made[path]) != letters((FOLDER / path).read_text())
    }
    return sorted(map(str, changed | (there ^ made.keys())))


def letters(text: str) -> str:
    return "".join(text.split())


def test_the_committed_modules_are_current(lifted: Modules) -> None:
    assert [path for recipe, document in lifted.values() for path in drift(recipe, document)] == []


def test_no_folder_is_left_of_a_module_that_is_gone(lifted: Modules) -> None:
    folders = {str(file.parent.relative_to(FOLDER)) for file in FOLDER.glob("*/*/main.tf")}
    assert folders == set(lifted)


def test_a_construct_that_says_something_else_is_found(lifted: Modules) -> None:
    recipe, document = lifted["aws/network"]
    logs = document.things["aws_cloudwatch_log_group.flow"]
    longer = replace(logs, body={**logs.body, "retention_in_days": 31})
    changed = Document({**document.things, logs.address: longer}, document.outputs)

    assert drift(recipe, changed) == ["aws/network/main.tf"]


def test_a_variable_that_means_something_else_is_found(lifted: Modules) -> None:
    recipe, document = lifted["gcp/firewall"]
    name, *others = recipe.variables
    changed = replace(recipe, variables=(replace(name, description="Something else."), *others))

    assert drift(changed, document) == ["gcp/firewall/README.md", "gcp/firewall/variables.tf"]


@pytest.mark.skipif(shutil.which("terraform") is None, reason="there is no terraform on PATH")
def test_terraform_would_lay_nothing_out_differently() -> None:
    command = ["terraform", "fmt", "-check", "-recursive", "-no-color", str(FOLDER)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_tables_name_every_variable_and_output_and_no_other(lifted: Modules) -> None:
    for label in lifted:
        readme = (FOLDER / label / "README.md").read_text()
        inputs, outputs = readme.partition("## Inputs")[2].split("## Outputs")
        assert rows(inputs) == declared("variable", label), label
        assert rows(outputs) == declared("output", label), label


def rows(table: str) -> list[str]:
    return re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)


def declared(kind: str, label: str) -> list[str]:
    return re.findall(rf'^{kind} "(\w+)"', (FOLDER / label / f"{kind}s.tf").read_text(), re.MULTILINE)


def test_no_module_configures_a_provider_or_keeps_a_generated_name(lifted: Modules) -> None:
    for label in lifted:
        text = "".join(file.read_text() for file in (FOLDER / label).glob("*.tf"))
        assert not re.search(r'^provider "', text, re.MULTILINE), label
        assert not re.search(r"_[0-9A-F]{8}\b", text), label
        assert "sample" not in text.replace("sample_rate", ""), label
