"""The generated files are those that the code makes, and are valid by the rules of their own formats."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from contracts.messages import MESSAGES
from docs.generate import data_model, parts

ROOT = Path(__file__).parents[2]
API = ROOT / "docs/api"
SAMPLES = Path(__file__).with_name("samples")
METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    return _document("openapi.json")


def _document(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((API / name).read_text())
    return document


@pytest.mark.parametrize("part", sorted(parts.PARTS))
def test_generated_files_are_current(part: str) -> None:
    assert parts.stale(ROOT, [part]) == [], "run `make contracts`"


def test_a_stale_and_a_left_over_file_are_named_and_repaired(tmp_path: Path) -> None:
    parts.write(tmp_path, ["contracts"])
    (tmp_path / "docs/api/openapi.json").write_text("{}")
    (tmp_path / "docs/api/schemas/gone.v1.json").write_text("{}")

    expected = ["docs/api/openapi.json", "docs/api/schemas/gone.v1.json"]
    assert parts.stale(tmp_path, ["contracts"]) == expected
    assert parts.write(tmp_path, ["contracts"]) == expected
    assert parts.stale(tmp_path, ["contracts"]) == []


@pytest.mark.parametrize("name", ["envelope", *sorted(MESSAGES)])
def test_a_message_schema_is_json_schema(name: str) -> None:
    Draft202012Validator.check_schema(_document(f"schemas/{name}.json"))


@pytest.mark.parametrize("message_type", sorted(MESSAGES))
def test_a_sample_obeys_the_exported_schemas(message_type: str) -> None:
    """An integrator in another language has only these files."""
    sample = json.loads((SAMPLES / f"{message_type}.json").read_text())

    Draft202012Validator(_document("schemas/envelope.json")).validate(sample)
    data_schema = Draft202012Validator(_document(f"schemas/{message_type}.json"))
    data_schema.validate(sample["data"])
    assert not data_schema.is_valid({})


@pytest.mark.parametrize("name", ["openapi.json", "openapi-internal.json"])
def test_the_api_is_described_by_valid_openapi(name: str) -> None:
    document = _document(name)

    assert document["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(document).validate()


def test_what_the_edge_does_not_route_is_not_in_the_public_document(openapi: dict[str, Any]) -> None:
    assert not [path for path in openapi["paths"] if path.startswith("/internal")]
    assert all(path.startswith("/internal") for path in _document("openapi-internal.json")["paths"])


def test_every_operation_has_a_name_of_its_own_and_may_answer_with_a_problem(openapi: dict[str, Any]) -> None:
    operations = [item[method] for item in openapi["paths"].values() for method in METHODS if method in item]

    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names))
    for operation in operations:
        refused = {status: answer for status, answer in operation["responses"].items() if status[0] != "2"}
        assert "default" in refused
        assert all(answer == {"$ref": "#/components/responses/Problem"} for answer in refused.values())
    problem = openapi["components"]["responses"]["Problem"]
    assert list(problem["content"]) == ["application/problem+json"]


@pytest.mark.parametrize("path", ["/api/deployments", "/api/health/instances", "/api/auth/me"])
def test_what_needs_a_token_says_so(openapi: dict[str, Any], path: str) -> None:
    assert openapi["paths"][path]["get"]["security"] == [{"bearer": []}]
    assert openapi["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_patterns_are_those_of_json_schema() -> None:
    assert not [path for path in API.rglob("*.json") if "\\\\Z" in path.read_text()]


def test_every_reference_of_the_data_model_names_a_collection_that_is_there() -> None:
    names = {collection.name for collection in data_model.COLLECTIONS}
    assert len(names) == len(data_model.COLLECTIONS)
    for collection in data_model.COLLECTIONS:
        assert {parent for _, parent in data_model.parents(collection)} <= names


def test_every_field_of_the_data_model_has_a_meaning() -> None:
    unexplained = [
        f"{collection.name}.{name}"
        for collection in data_model.COLLECTIONS
        for name, _, _, meaning in data_model._fields(collection)
        if not meaning
    ]

    assert unexplained == []
