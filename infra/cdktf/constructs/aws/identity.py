"""What an instance may do in the cloud: write its own logs, and share models where a bucket for them is given.

It stands in the network stack, and a placement attaches the profile by name. So whoever creates placements needs
no right to create roles, only `iam:PassRole` on this one.
"""

from dataclasses import dataclass

from cdktf_cdktf_provider_aws.iam_instance_profile import IamInstanceProfile
from cdktf_cdktf_provider_aws.iam_role import IamRole
from constructs import Construct

from contracts.stack_model import ModelAccess
from infra.cdktf import ids
from infra.cdktf.constructs.aws import policy
from infra.cdktf.constructs.aws.grants import Grant, allow, through
from infra.cdktf.constructs.aws.model_store import PREFIX

LOG_GROUPS = "/flowllama/*"


@dataclass(frozen=True)
class IdentityProps:
    """`boundary_arn` is the platform's permissions boundary, where there is one."""

    name: str
    account: str
    region: str
    models: ModelAccess | None = None
    boundary_arn: str | None = None


class Identity(Construct):
    def __init__(self, scope: Construct, id_: str, props: IdentityProps) -> None:
        super().__init__(scope, id_)
        role = IamRole(
            self,
            ids.ROLE,
            name=props.name,
            description="What a FlowLlama instance may do: write its logs",
            assume_role_policy=policy.document(
                {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ),
            permissions_boundary=props.boundary_arn,
        )
        allow(self, ids.POLICY, role=role.name, name="write-logs", grants=[_logs(props)])
        if props.models:
            allow(
                self,
                ids.MODEL_POLICY,
                role=role.name,
                name="share-models",
                grants=_sharing(props.models),
            )
        self.profile_name = IamInstanceProfile(self, ids.PROFILE, name=props.name, role=role.name).name


def instance_grants(props: IdentityProps) -> list[Grant]:
    return [_logs(props), *(_sharing(props.models) if props.models else ())]


def _logs(props: IdentityProps) -> Grant:
    groups = f"arn:aws:logs:{props.region}:{props.account}:log-group:{LOG_GROUPS}"
    return Grant(
        "WriteLogs",
        "Ships Ollama's lines and those of the boot, so that a machine that failed can be understood.",
        ("logs:CreateLogStream", "logs:PutLogEvents"),
        (groups, f"{groups}:log-stream:*"),
    )


def _sharing(models: ModelAccess) -> list[Grant]:
    """No right to delete: what one instance writes wrongly lives on as an older version."""
    bucket = f"arn:aws:s3:::{models.bucket}"
    grants = [
        Grant(
            "List",
            "Sees which models other instances have left.",
            ("s3:ListBucket",),
            (bucket,),
            # Reading an object names no prefix, and S3 tells "missing" from "forbidden" only to who may list.
            {"StringLikeIfExists": {"s3:prefix": f"{PREFIX}*"}},
        ),
        Grant(
            "ReadAndWrite",
            "Takes a model from the bucket rather than from the internet, and leaves one that it had to pull.",
            ("s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"),
            (f"{bucket}/{PREFIX}*",),
        ),
    ]
    if models.key_arn:
        grants.append(
            Grant(
                "Encrypt",
                "The bucket is encrypted by the platform's key, which is used through S3 alone.",
                ("kms:Decrypt", "kms:GenerateDataKey"),
                (models.key_arn,),
                through("s3", models.key_arn.split(":")[3]),
            )
        )
    return grants
