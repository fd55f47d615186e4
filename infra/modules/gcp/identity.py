"""The service account of instances as a module."""

from collections.abc import Mapping
from typing import Any

from contracts.vocabulary import Cloud
from infra.cdktf.constructs.gcp.identity import Identity, IdentityProps
from infra.modules.gcp import common, steps
from infra.modules.recipe import Example, Given, Output, Recipe, Step, Switch


def _build(stack: Any, given: Given) -> Mapping[str, Any]:
    identity = Identity(
        stack,
        "identity",
        IdentityProps(name=given["name"], project=given["project"], model_bucket=given["model_bucket"]),
    )
    return {"email": identity.email}


RECIPE = Recipe(
    cloud=Cloud.GCP,
    name="identity",
    summary="The service account of instances: they write their logs and, where a bucket is given, share models in it.",
    build=_build,
    variables=(
        # An account's id has six letters at least.
        common.text(
            "name",
            "Names the account, unique in the project.",
            "[a-z][a-z0-9-]{4,28}[a-z0-9]",
            "6 to 30 lower-case letters, digits or dashes",
        ),
        common.text("project", "Project of the account.", "[a-z][a-z0-9-]{4,28}[a-z0-9]", "a project id"),
        common.text(
            "model_bucket",
            "Bucket whose `models/` instances share.",
            "[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]",
            "the name of a bucket",
            default="null",
        ),
    ),
    outputs=(Output("email", "Email of the service account."),),
    switches=(
        Switch(
            "var.model_bucket != null",
            "var.model_bucket == null",
            {"model_bucket": "sample-model-bucket"},
            {"model_bucket": None},
        ),
    ),
    # A role's id has no dash.
    traces=lambda given: ((given["name"].replace("-", "_"), 'replace(var.name, "-", "_")'),),
    probes=({"model_bucket": "other"}, {"model_bucket": None}),
    basic=Example("Instances that write logs.", (steps.IDENTITY,)),
    advanced=Example(
        "Instances that share models in a bucket.",
        (
            steps.MODEL_STORE,
            Step("identity", {**steps.IDENTITY.inputs, "model_bucket": "module.model_store.bucket"}),
        ),
    ),
)
