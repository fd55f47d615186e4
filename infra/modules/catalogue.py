"""All recipes of a cloud. Importing one imports the cloud's bindings, so it is done when they are wanted."""

import importlib
from collections.abc import Mapping
from pathlib import Path

from contracts.vocabulary import Cloud
from infra.cdktf import bindings
from infra.modules import files
from infra.modules.recipe import Recipe
from infra.modules.values import Document

NAMES = dict.fromkeys(
    Cloud, ("network", "firewall", "identity", "template", "scaling", "load_balancer", "model_store")
)


def recipes(cloud: Cloud) -> tuple[Recipe, ...]:
    bindings.load_sparingly(cloud)
    return tuple(
        importlib.import_module(f"infra.modules.{cloud.value}.{name}").RECIPE for name in NAMES[cloud]
    )


def written(recipe: Recipe, document: Document) -> Mapping[Path, str]:
    """The files of a module, by their paths below the folder of all modules."""
    folder = Path(recipe.cloud.value) / recipe.name
    return {folder / name: text for name, text in files.write(recipe, document).items()}
