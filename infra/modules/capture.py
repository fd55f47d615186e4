"""A construct as CDKTF writes it: what it made, where, and which of its arguments are blocks.

CDKTF's JSON does not tell a nested block from a map, and its HCL does not quote what it must. So the values are taken
from the first and the shapes from the second.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from cdktf import (
    App,
    TerraformDataSource,
    TerraformOutput,
    TerraformResource,
    TerraformStack,
    Testing,
)

from infra.cdktf import accepted
from infra.modules.values import Block, Blocks, Body, Capture, Captured, Encoded

Build = Callable[[TerraformStack], Mapping[str, Any]]

_ROOT = "root"
_OPENS = re.compile(r'(\w+)(?: "([^"]+)" "([^"]+)")? (= )?[{\[]$')
_CLOSES = re.compile(r"[}\]],?$")

Path = tuple[str, ...]


def capture(build: Build) -> Capture:
    """Everything that `build` makes in a stack of its own, in that order, and the outputs that it returns."""
    stack = TerraformStack(App(), _ROOT)
    for name, value in build(stack).items():
        if value is None:
            continue
        TerraformOutput(stack, f"output-{name}", value=value).override_logical_id(name)
    # Not what `Testing.synth` gives, which leaves comments out.
    document = stack.to_terraform()
    blocks = _blocks(Testing.synth_hcl(stack))
    things = tuple(
        _captured(element, document, blocks)
        for element in stack.node.find_all()
        if isinstance(element, TerraformResource | TerraformDataSource)
    )
    outputs = {name: output["value"] for name, output in document.get("output", {}).items()}
    return Capture(things, outputs)


def _captured(element: TerraformResource | TerraformDataSource, document: Any, blocks: set[Path]) -> Captured:
    kind = "data" if isinstance(element, TerraformDataSource) else "resource"
    type_, id_ = element.terraform_resource_type, element.friendly_unique_id
    written = document[kind][type_][id_]
    comment = written.pop("//", {})
    body = _shaped(written, (type_, id_), blocks)
    path = tuple(element.node.path.split("/")[1:])
    takes_tags = kind == "resource" and any(
        hasattr(type(element), name) for name in ("tags_input", "labels_input")
    )
    return Captured(kind, type_, path, id_, body, takes_tags, comment.get(accepted.FIELD, {}))


def _blocks(hcl: str) -> set[Path]:
    """Type, id and names on the way down, of everything that is written as a block."""
    found, way = set(), []
    for line in hcl.splitlines():
        if opens := _OPENS.match(line.strip()):
            word, type_, id_, equals = opens.groups()
            way.append((type_, id_) if type_ else (word,))
            if not type_ and not equals:
                found.add(tuple(part for step in way for part in step))
        elif _CLOSES.match(line.strip()) and way:
            way.pop()
    return found


def _shaped(body: Body, path: Path, blocks: set[Path]) -> Body:
    return {name: _value(value, (*path, name), blocks) for name, value in body.items()}


def _value(value: Any, path: Path, blocks: set[Path]) -> Any:
    if path in blocks:
        bodies = value if isinstance(value, list) else [value]
        return Blocks(tuple(Block(_shaped(body, path, blocks)) for body in bodies))
    if isinstance(value, str) and value.startswith(("{", "[")):
        return _decoded(value)
    return value


def _decoded(text: str) -> Any:
    try:
        return Encoded(json.loads(text))
    except ValueError:
        return text
