"""The model store as a module: by choice with keys of one's own and a copy in a second region."""

from collections.abc import Mapping
from typing import Any

from cdktf_cdktf_provider_aws.provider import AwsProvider

from contracts.vocabulary import Cloud
from infra.cdktf.constructs.aws.model_store import ModelStore, ModelStoreProps, ReplicaProps
from infra.modules.aws import common
from infra.modules.recipe import Example, Given, Output, Recipe, Rule, Step, Switch

_ELSEWHERE = "yy-sample-2"
_KEY, _REPLICA_KEY = "sample-key", "sample-other-key"
_BOTH = Rule(
    "var.replica_bucket == null || (var.replica_key_arn == null) == (var.key_arn == null)",
    "The bucket and its copy have both a key or neither.",
)
_PROVIDERS = {"aws": "aws", "aws.replica": "aws.replica"}
_NAME = '"example-models-123456789012"'
_KEYS = """\
resource "aws_kms_key" "here" {
  description         = "Models"
  enable_key_rotation = true
}

resource "aws_kms_key" "there" {
  provider            = aws.replica
  description         = "Models, the copy"
  enable_key_rotation = true
}
"""


def _build(stack: Any, given: Given) -> Mapping[str, Any]:
    replica = None
    if given["replica_bucket"]:
        replica = ReplicaProps(
            bucket=given["replica_bucket"],
            region=_ELSEWHERE,
            provider=AwsProvider(stack, "replica", region=_ELSEWHERE, alias="replica"),
            key_arn=given["replica_key_arn"],
        )
    props = ModelStoreProps(
        bucket=given["bucket"],
        account=common.ACCOUNT,
        region=common.REGION,
        key_arn=given["key_arn"],
        replica=replica,
    )
    store = ModelStore(stack, "model-store", props)
    return {"bucket": store.bucket, "arn": store.arn, "replica": store.replica}


RECIPE = Recipe(
    cloud=Cloud.AWS,
    name="model-store",
    summary="A bucket that keeps models near the machines: versioned, encrypted, closed to the public, and by choice "
    "copied to a second region.",
    build=_build,
    variables=(
        common.model_bucket("bucket", "Name of the bucket, unique in all of S3."),
        common.key("key_arn", "KMS key that encrypts the bucket; without it S3 does with its own.", _KEY),
        common.model_bucket(
            "replica_bucket", "Name of the copy, in the region of `aws.replica`.", default="null"
        ),
        common.key(
            "replica_key_arn", "KMS key in the copy's region, where `key_arn` is set.", _REPLICA_KEY, _BOTH
        ),
        common.TAGS,
    ),
    outputs=(
        Output("bucket", "Name of the bucket."),
        Output("arn", "ARN of the bucket."),
        Output("replica", "Name of the copy; null without one."),
    ),
    switches=(
        Switch(
            "var.replica_bucket != null",
            "var.replica_bucket == null",
            {"replica_bucket": "sample-replica-bucket"},
            {"replica_bucket": None},
        ),
        Switch(
            "var.key_arn != null",
            "var.key_arn == null",
            {"key_arn": _KEY, "replica_key_arn": _REPLICA_KEY},
            {"key_arn": None, "replica_key_arn": None},
        ),
    ),
    traces=lambda _: (*common.PLACE, (_ELSEWHERE, "data.aws_region.replica.name")),
    probes=(
        {"replica_bucket": None, "key_arn": None, "replica_key_arn": None},
        {"bucket": "one", "replica_bucket": "two", "key_arn": None, "replica_key_arn": None},
        {"bucket": "one", "replica_bucket": "two"},
    ),
    aliases=("replica",),
    remarks="Terraform wants `aws.replica` from the caller in any case. Without a copy, pass any provider.",
    basic=Example(
        "One bucket, encrypted by S3.", (Step("model-store", {"bucket": _NAME}, providers=_PROVIDERS),)
    ),
    advanced=Example(
        "A bucket and its copy in a second region, each encrypted by a key there.",
        (
            Step(
                "model-store",
                {
                    "bucket": _NAME,
                    "key_arn": "aws_kms_key.here.arn",
                    "replica_bucket": '"example-models-123456789012-us-west-2"',
                    "replica_key_arn": "aws_kms_key.there.arn",
                },
                providers=_PROVIDERS,
            ),
        ),
        before=_KEYS,
    ),
)
