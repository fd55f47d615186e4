"""The role of instances as a module."""

from collections.abc import Mapping
from typing import Any

from contracts.stack_model import ModelAccess
from contracts.vocabulary import Cloud
from infra.cdktf.constructs.aws.identity import Identity, IdentityProps
from infra.modules.aws import common, steps
from infra.modules.recipe import Example, Given, Output, Recipe, Step, Switch

_KEY_REGION = "yy-sample-2"
_KEY = f"arn:aws:kms:{_KEY_REGION}:210987654322:key/sample"
_STORE = Step(
    "model-store",
    {"bucket": '"example-models-123456789012"'},
    providers={"aws": "aws", "aws.replica": "aws"},
)


def _build(stack: Any, given: Given) -> Mapping[str, Any]:
    bucket = given["model_bucket"]
    identity = Identity(
        stack,
        "identity",
        IdentityProps(
            name=given["name"],
            account=common.ACCOUNT,
            region=common.REGION,
            models=ModelAccess(bucket, given["model_key_arn"]) if bucket else None,
        ),
    )
    return {"profile_name": identity.profile_name}


RECIPE = Recipe(
    cloud=Cloud.AWS,
    name="identity",
    summary="The role of instances and its profile: they write their logs and, where a bucket is given, share models in it.",
    build=_build,
    variables=(
        common.name(
            "Names the role and its profile. Unique in the account, so put the region into it.", longest=64
        ),
        common.model_bucket("model_bucket", "Bucket whose `models/` instances share.", default="null"),
        common.key("model_key_arn", "KMS key that encrypts the bucket, where one of your own does.", _KEY),
        common.TAGS,
    ),
    outputs=(Output("profile_name", "Name of the instance profile."),),
    switches=(
        Switch(
            "var.model_bucket != null",
            "var.model_bucket == null",
            {"model_bucket": "sample-model-bucket"},
            {"model_bucket": None},
        ),
        Switch(
            "var.model_key_arn != null",
            "var.model_key_arn == null",
            {"model_key_arn": _KEY},
            {"model_key_arn": None},
        ),
    ),
    traces=lambda _: (*common.PLACE, (_KEY_REGION, 'split(":", var.model_key_arn)[3]')),
    probes=(
        {"model_bucket": "other", "model_key_arn": "arn:aws:kms:eu-west-1:123456789012:key/" + "0" * 36},
        {"model_bucket": "other", "model_key_arn": None},
        {"model_bucket": None, "model_key_arn": None},
    ),
    basic=Example("Instances that write logs.", (steps.IDENTITY,)),
    advanced=Example(
        "Instances that share models in a bucket.",
        (
            _STORE,
            Step("identity", {**steps.IDENTITY.inputs, "model_bucket": "module.model_store.bucket"}),
        ),
    ),
)
