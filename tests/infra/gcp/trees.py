"""`python -m tests.infra.gcp.trees` prints what the constructs in the `trees_…` modules become, as one JSON object.

Such a module has `TREES`: functions that take a stack and build one construct in it, by a name. What a function
returns, if anything, is in the document as the output `said`.
"""

import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from contracts.vocabulary import Cloud
from infra.cdktf import bindings

Tree = Callable[[Any], Any]


def main() -> None:
    bindings.load_sparingly(Cloud.GCP)
    modules = sorted(file.stem for file in Path(__file__).parent.glob("trees_*.py"))
    found = [importlib.import_module(f"tests.infra.gcp.{module}").TREES for module in modules]
    json.dump({name: _write(tree) for trees in found for name, tree in trees.items()}, sys.stdout)


def refused(tree: Tree) -> Tree:
    """A tree that says why another one can't be built."""

    def why(stack: Any) -> str:
        try:
            tree(stack)
        except ValueError as error:
            return str(error)
        raise AssertionError("nothing was refused")

    return why


def _write(tree: Tree) -> dict[str, Any]:
    from cdktf import App, TerraformOutput, TerraformStack, Testing

    stack = TerraformStack(App(), "stack")
    said = tree(stack)
    if said is not None:
        TerraformOutput(stack, "said", value=said)
    document: dict[str, Any] = json.loads(Testing.synth(stack))
    return document


if __name__ == "__main__":
    main()
