"""A module's front page: what it is, how it is called, and everything that goes in and comes out."""

from collections.abc import Iterable

from infra.modules import examples
from infra.modules.providers import PROVIDERS, TERRAFORM
from infra.modules.recipe import Recipe

SOURCE = "git::https://git.example.com/flowllama.git//terraform/modules/"
CLOUDS = {"aws": "AWS", "gcp": "Google Cloud"}


def write(recipe: Recipe) -> str:
    provider = PROVIDERS[recipe.cloud]
    call = examples.calls(recipe, recipe.basic, f"{SOURCE}{recipe.cloud}/")
    return f"""# {recipe.name.replace("-", " ").capitalize()} on {CLOUDS[recipe.cloud]}

{recipe.summary}

```hcl
{call.strip()}
```

* [examples/basic](examples/basic/main.tf) is this with a provider: {_lower(recipe.basic.says)}
* [examples/advanced](examples/advanced/main.tf): {_lower(recipe.advanced.says)}
{_paragraph(recipe.remarks)}
## Inputs

| name | type | default | meaning |
|---|---|---|---|
{_rows((one.name, f"`{one.type}`", _default(one.default), one.description) for one in recipe.variables)}

## Outputs

| name | meaning |
|---|---|
{_rows((one.name, one.description) for one in recipe.outputs)}

Needs Terraform {TERRAFORM} and {provider.source} {provider.version}. Configures no provider itself{_aliases(recipe)}.

Written by `make modules`; how and from what is told in [docs/terraform-modules.md](../../../../docs/terraform-modules.md).
"""


def _rows(rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(
        f"| {' | '.join([f'`{name}`', *(cell.replace('|', chr(92) + '|') for cell in rest)])} |"
        for name, *rest in rows
    )


def _default(text: str | None) -> str:
    return "required" if text is None else f"`{text}`"


def _paragraph(text: str) -> str:
    return f"\n{text}\n" if text else ""


def _lower(text: str) -> str:
    return text[0].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text


def _aliases(recipe: Recipe) -> str:
    name = PROVIDERS[recipe.cloud].name
    return "".join(f"; the caller passes `{name}.{alias}`" for alias in recipe.aliases)
