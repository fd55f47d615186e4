"""A module's examples: whole configurations that apply as they stand, but for the names that are the reader's own."""

from collections.abc import Mapping
from typing import Any

from infra.modules import expression, hcl
from infra.modules.providers import PROVIDERS, requirements
from infra.modules.recipe import Example, Recipe, Step


def write(recipe: Recipe) -> Mapping[str, str]:
    return {"basic": _example(recipe, recipe.basic), "advanced": _example(recipe, recipe.advanced)}


def calls(recipe: Recipe, example: Example, folder: str | None = None) -> str:
    """The modules' calls alone; from `folder`, or from where an example lies."""
    return "\n".join(_step(recipe, step, folder) for step in example.steps)


def _example(recipe: Recipe, example: Example) -> str:
    blocks = [
        f"# {example.says}\n",
        hcl.block("terraform", (), requirements(recipe.cloud)),
        *_providers(recipe),
        *([example.before] if example.before else []),
        calls(recipe, example),
        hcl.block("output", [_label(recipe.name)], {"value": f"${{module.{_label(recipe.name)}}}"}),
    ]
    return "\n".join(blocks)


def _providers(recipe: Recipe) -> list[str]:
    provider = PROVIDERS[recipe.cloud]
    own = hcl.block("provider", [provider.name], dict(provider.configured))
    others = (
        hcl.block(
            "provider", [provider.name], {"alias": alias, **dict(provider.configured), "region": "us-west-2"}
        )
        for alias in recipe.aliases
    )
    return [own, *others]


def _step(recipe: Recipe, step: Step, folder: str | None) -> str:
    source = (
        f"{folder}{step.module}"
        if folder
        else "../.."
        if step.module == recipe.name
        else f"../../../{step.module}"
    )
    body: dict[str, Any] = {"source": source}
    if step.providers:
        passed = ", ".join(f"{name} = {of}" for name, of in step.providers.items())
        body["providers"] = expression.template(f"{{ {passed} }}")
    inputs = {name: expression.template(text) for name, text in step.inputs.items()}
    return hcl.block("module", [_label(step.module)], {**body, **inputs})


def _label(folder: str) -> str:
    return folder.replace("-", "_")
