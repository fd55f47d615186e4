"""One OpenAPI 3.1 document for the API that the edge routes, and one for what services ask each other."""

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask import Flask

from contracts.http.problem import MEDIA_TYPE
from docs.generate import apps
from docs.generate.apps import Part
from docs.generate.marshmallow_json import add_fields, corrected
from docs.generate.text import as_json
from services.chassis.http import ProblemApi

_METHODS = ("get", "post", "put", "patch", "delete")
_SECURITY = {
    "bearer": "An access token of `POST /api/auth/login`.",
    "service": "A token that auth issues to our own services.",
}
_PROBLEM = {"$ref": "#/components/responses/Problem"}
_OF_BODY = {"400": "not JSON", "413": "too large", "415": "not application/json", "422": "a field is refused"}


def files(folder: str) -> Mapping[str, str]:
    return {
        f"{folder}/openapi.json": as_json(document("FlowLlama", apps.public())),
        f"{folder}/openapi-internal.json": as_json(document("FlowLlama, between services", apps.internal())),
    }


def document(title: str, parts: Sequence[Part]) -> dict[str, Any]:
    """The merged document of these blueprints, every refusal a problem document."""
    spec = _spec(title, parts)
    spec["components"]["responses"] = {"Problem": _problem_response()}
    secured = {part.blueprint.name: part.security for part in parts}
    used = {name for name in secured.values() if name}
    spec["components"]["securitySchemes"] = {
        name: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": _SECURITY[name]}
        for name in sorted(used)
    }
    for path, method, operation in _operations(spec):
        scheme = secured[operation["tags"][0]]
        operation["security"] = [{scheme: []}] if scheme else []
        operation["operationId"] = operation.get("operationId") or _operation_id(path, method)
        operation["responses"] = _responses(path, operation)
        for parameter in operation.get("parameters", ()):
            parameter["schema"] = _without_null(parameter["schema"])
    return spec


def _spec(title: str, parts: Sequence[Part]) -> dict[str, Any]:
    app = Flask(__name__, static_folder=None)
    app.config.update(API_TITLE=title, API_VERSION="1", OPENAPI_VERSION="3.1.0")
    api = _Api(app)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Two schemas of one name would become one by chance.
        for part in parts:
            api.register_blueprint(part.blueprint)
    spec: dict[str, Any] = corrected(json.loads(as_json(api.spec.to_dict())))
    spec["components"]["schemas"].pop(
        "PaginationMetadata", None
    )  # flask-smorest's own; nothing refers to it.
    return spec


class _Api(ProblemApi):
    """Knows our own fields before the first schema is read."""

    def _init_spec(self, **options: Any) -> None:
        super()._init_spec(**options)
        add_fields(self.ma_plugin)


def _operations(spec: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in spec["paths"].items():
        for method in _METHODS:
            if method in item:
                yield path, method, item[method]


def _operation_id(path: str, method: str) -> str:
    words = [word.strip("{}.") for word in path.replace(".", "/").split("/") if word and word != "api"]
    return "_".join((method, *(word.replace("-", "_") for word in words)))


def _without_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter is left out; it can't be null."""
    kept = {name: value for name, value in schema.items() if (name, value) != ("default", None)}
    if isinstance(kept.get("type"), list):
        kinds = [kind for kind in kept["type"] if kind != "null"]
        kept["type"] = kinds[0] if len(kinds) == 1 else kinds
    for name in ("enum", "anyOf"):
        if name in kept:
            kept[name] = [value for value in kept[name] if value not in (None, {"type": "null"})]
    return kept


def _responses(path: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    """The answers it documents, and a problem for each way in which it can refuse."""
    documented: Mapping[str, Any] = operation["responses"]
    answers = {status: answer for status, answer in documented.items() if status.startswith("2")}
    refused = {"429", "default"}
    if operation["security"]:
        refused.add("401")
    if "{" in path:
        refused.add("404")
    if "requestBody" in operation:
        refused |= set(_OF_BODY)
    if operation.get("parameters"):
        refused.add("422")
    return {**answers, **dict.fromkeys(sorted(refused), _PROBLEM)}


def _problem_response() -> Mapping[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": "Refused; the document says why.", "content": {MEDIA_TYPE: {"schema": schema}}}
