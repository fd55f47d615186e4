"""All recipes of a cloud. Importing one imports the cloud's bindings, so it is done when they are wanted."""

import importlib
from collections.abc import Mapping
from pathlib import Path

from contracts.vocabulary import Cloud
from infra.cdktf import bindings
from infra.modules.recipe import Recipe

NAMES = {
    Cloud.AWS: ("network", "firewall", "identity", "model_store"),
    Cloud.GCP: (),
}


def recipes(cloud: Cloud) -> tuple[Recipe, ...]:
    bindings.load_sparingly(cloud)
    return tuple(
        importlib.import_module(f"infra.modules.{cloud.value}.{name}").RECIPE for name in NAMES[cloud]
    )


def written(cloud: Cloud) -> Mapping[Path, str]:
    """Every file of the cloud's modules, by its path below the folder of all modules."""
    chosen = recipes(cloud)
    from infra.modules import files
    from infra.modules.lifting import lift

    return {
        Path(cloud.value) / recipe.name / name: text
        for recipe in chosen
        for name, text in files.write(recipe, lift(recipe)).items()
    }
