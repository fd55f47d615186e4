"""One JSON Schema (2020-12) for the data of each message, and one for the envelope around it."""

import json
from collections.abc import Mapping
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from contracts.envelope import EnvelopeSchema
from contracts.messages import MESSAGES
from docs.generate.marshmallow_json import add_fields, corrected
from docs.generate.text import as_json, first_line

DIALECT = "https://json-schema.org/draft/2020-12/schema"
BASE = "https://flowllama.dev/schemas"


def files(folder: str) -> Mapping[str, str]:
    """`dataschema` in the envelope names the file of the data's schema."""
    named: dict[str, type[Schema]] = {"envelope": EnvelopeSchema, **MESSAGES}
    return {f"{folder}/{name}.json": as_json(json_schema(name, schema)) for name, schema in named.items()}


def json_schema(name: str, schema: type[Schema]) -> Mapping[str, Any]:
    """A schema that stands alone: what it refers to lies in its own `$defs`."""
    plugin = MarshmallowPlugin()
    spec = APISpec(title=name, version="1", openapi_version="3.1.0", plugins=[plugin])
    add_fields(plugin)
    spec.components.schema("Self", schema=schema)
    text = json.dumps(spec.to_dict()["components"]["schemas"], default=str)
    found: dict[str, Any] = corrected(json.loads(text.replace("#/components/schemas/", "#/$defs/")))
    own = found.pop("Self")
    head = {
        "$schema": DIALECT,
        "$id": f"{BASE}/{name}.json",
        "title": name,
        "description": first_line(schema),
    }
    return {**own, **head, **({"$defs": found} if found else {})}
