"""Modules say only what the provider of the pinned version knows, and all that it asks for."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from contracts.vocabulary import Cloud
from infra.modules.providers import PROVIDERS
from infra.modules.recipe import Recipe
from infra.modules.values import Blocks, Document, Encoded
from tests.infra import provider_schema
from tests.infra.provider_schema import Provider

Modules = Mapping[str, tuple[Recipe, Document]]
PACKAGES = {Cloud.AWS: "cdktf_cdktf_provider_aws", Cloud.GCP: "cdktf_cdktf_provider_google"}


@pytest.fixture(scope="module")
def schemas(aws_schema: Provider) -> dict[str, Provider]:
    return {"aws": aws_schema, "google": Provider(PACKAGES[Cloud.GCP])}


def test_the_provider_knows_all_that_a_module_says(lifted: Modules, schemas: dict[str, Provider]) -> None:
    found = {
        label: provider_schema.faults(as_json(document), schemas) for label, (_, document) in lifted.items()
    }
    assert found == {label: [] for label in lifted}


def test_a_planted_typo_is_found_also_in_a_block_that_depends(
    lifted: Modules, schemas: dict[str, Provider]
) -> None:
    _, document = lifted["gcp/template"]
    template = document.things["google_compute_instance_template.this"]
    (block,) = template.body["guest_accelerator"].blocks
    planted = Blocks((replace(block, body={**block.body, "kind": "T4"}),))
    broken = replace(template, body={**template.body, "guest_accelerator": planted, "machine_typo": "n1"})

    found = provider_schema.faults(as_json(Document({broken.address: broken})), schemas)
    address = "google_compute_instance_template.this"
    assert sorted(found) == [
        f"{address}.guest_accelerator[0].kind: unknown",
        f"{address}.machine_typo: unknown",
    ]


def test_modules_ask_for_the_version_that_the_stacks_pin_and_later_ones(schemas: dict[str, Provider]) -> None:
    for provider in PROVIDERS.values():
        minor = schemas[provider.name].version.rpartition(".")[0]
        assert provider.version == f"~> {minor}"


def as_json(document: Document) -> dict[str, Any]:
    """As Terraform's JSON, with every block written out once, whatever it depends on."""
    written: dict[str, Any] = {"resource": {}, "data": {}}
    for thing in document.things.values():
        written[thing.kind].setdefault(thing.type, {})[thing.name] = plain(thing.body)
    return written


def plain(value: Any) -> Any:
    match value:
        case Blocks(blocks):
            return [plain(one.body) for one in blocks]
        case Encoded():
            return "${jsonencode(…)}"
        case dict():
            return {name: plain(inner) for name, inner in value.items()}
        case list():
            return [plain(inner) for inner in value]
    return value
