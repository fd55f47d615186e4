"""What an instance may do in the cloud: write its own logs, and nothing else.

It stands in the network stack, and a placement attaches the profile by name. So whoever creates placements needs
no right to create roles, only `iam:PassRole` on this one.
"""

import json
from dataclasses import dataclass

from cdktf_cdktf_provider_aws.iam_instance_profile import IamInstanceProfile
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from constructs import Construct

from infra.cdktf import ids

LOG_GROUPS = "/flowllama/*"


@dataclass(frozen=True)
class IdentityProps:
    name: str
    account: str
    region: str


class Identity(Construct):
    def __init__(self, scope: Construct, id_: str, props: IdentityProps) -> None:
        super().__init__(scope, id_)
        role = IamRole(
            self,
            ids.ROLE,
            name=props.name,
            description="What a FlowLlama instance may do: write its logs",
            assume_role_policy=_document(
                {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ),
        )
        groups = f"arn:aws:logs:{props.region}:{props.account}:log-group:{LOG_GROUPS}"
        IamRolePolicy(
            self,
            ids.POLICY,
            name="write-logs",
            role=role.name,
            policy=_document(
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": [groups, f"{groups}:log-stream:*"],
                }
            ),
        )
        self.profile_name = IamInstanceProfile(self, ids.PROFILE, name=props.name, role=role.name).name


def _document(statement: dict[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
