"""The modules of both clouds, lifted once."""

from collections.abc import Mapping

import pytest

from contracts.vocabulary import Cloud
from infra.modules import catalogue
from infra.modules.recipe import Recipe
from infra.modules.values import Document

Lifted = Mapping[Recipe, Document]


@pytest.fixture(scope="session")
def lifted() -> dict[str, tuple[Recipe, Document]]:
    """Recipe and document by the module's folder."""
    recipes = [recipe for cloud in Cloud for recipe in catalogue.recipes(cloud)]
    from infra.modules.lifting import lift

    return {f"{recipe.cloud}/{recipe.name}": (recipe, lift(recipe)) for recipe in recipes}
