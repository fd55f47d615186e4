"""The files of one module, by their path below the module's folder."""

from collections.abc import Iterable, Mapping
from typing import Any

from infra.modules import examples, hcl, readme
from infra.modules.providers import requirements
from infra.modules.recipe import Output, Recipe, Variable
from infra.modules.values import Block, Blocks, Document

MARK = "# Written by `make modules` from the construct that the stacks use. Change that, not this.\n"


def write(recipe: Recipe, document: Document) -> Mapping[str, str]:
    return {
        "main.tf": _file(hcl.thing(one) for one in document.things.values()),
        "variables.tf": _file(_variable(one) for one in recipe.variables),
        "outputs.tf": _file(_output(one, document) for one in recipe.outputs),
        "versions.tf": _file([hcl.block("terraform", (), requirements(recipe.cloud, recipe.aliases))]),
        "README.md": readme.write(recipe),
        **{f"examples/{name}/main.tf": text for name, text in examples.write(recipe).items()},
    }


def _file(blocks: Iterable[str]) -> str:
    return "\n".join([MARK, *blocks])


def _variable(one: Variable) -> str:
    body: dict[str, Any] = {"description": one.description, "type": f"${{{one.type}}}"}
    if one.default is not None:
        body["default"] = f"${{{one.default}}}"
    if not one.nullable:
        body["nullable"] = False
    rules = (
        Block({"condition": f"${{{rule.condition}}}", "error_message": rule.message}) for rule in one.rules
    )
    return hcl.block("variable", [one.name], {**body, "validation": Blocks(tuple(rules))})


def _output(one: Output, document: Document) -> str:
    body = {
        "description": one.description,
        "value": document.outputs[one.name],
        "depends_on": list(one.after),
    }
    return hcl.block("output", [one.name], body)
