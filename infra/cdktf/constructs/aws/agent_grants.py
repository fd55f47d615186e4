"""What the agent may do: build and remove placements, and nothing that is not marked as this environment's.

What it creates has to carry our tags from the first moment; what it changes or ends has to carry them already, and
no call of its own can put them on anything else. Machines are launched only into subnets and groups of ours.
"""

from dataclasses import dataclass

from infra.cdktf.constructs.aws import agent_balancer_grants as balanced
from infra.cdktf.constructs.aws import agent_machine_grants as machines
from infra.cdktf.constructs.aws import agent_record_grants as records
from infra.cdktf.constructs.aws.grants import Grant, through
from infra.cdktf.constructs.aws.marks import Marks

_HANDED_ON = "The one role that may be handed on, to EC2 alone, writes logs and shares models: less than the agent may."
STATES = "placements/"
WORKSPACES = "env:/"
INSTANCE_ROLE = "flowllama-{environment}-*"


@dataclass(frozen=True)
class AgentReach:
    """`key_arn` is the key of the state bucket; `zones` are the Route 53 zones of balanced placements."""

    account: str
    region: str
    environment: str
    state_bucket_arn: str
    key_arn: str | None
    zones: tuple[str, ...]


def agent_grants(reach: AgentReach) -> list[Grant]:
    return [
        *machines.grants(reach.account, Marks(reach.environment)),
        *records.grants(reach.zones),
        _pass_role(reach),
        *_states(reach),
    ]


def balanced_grants(reach: AgentReach) -> list[Grant]:
    """The rest, in a policy of its own: together they are longer than what AWS takes to a role."""
    return balanced.grants(reach.account, Marks(reach.environment))


def _pass_role(reach: AgentReach) -> Grant:
    return Grant(
        "HandInstancesTheirRole",
        "A machine gets the role of its network's instances. No other role, and to no other service than EC2.",
        ("iam:PassRole",),
        (f"arn:aws:iam::{reach.account}:role/{INSTANCE_ROLE.format(environment=reach.environment)}",),
        {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
        objections={
            "PRIVILEGE_ESCALATION": _HANDED_ON,
            "PERMISSIONS_MANAGEMENT_ACTIONS": _HANDED_ON,
        },
    )


def _states(reach: AgentReach) -> list[Grant]:
    grants = [
        Grant(
            "ListStates",
            "Finds the state that an earlier run of the placement left.",
            ("s3:ListBucket",),
            (reach.state_bucket_arn,),
            # Terraform looks for workspaces when it starts, and there are none.
            {"StringLike": {"s3:prefix": [f"{STATES}*", WORKSPACES]}},
        ),
        Grant(
            "KeepStates",
            "Reads, writes and locks Terraform's state of placements, and forgets those that are proved gone.",
            ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"),
            (f"{reach.state_bucket_arn}/{STATES}*",),
        ),
    ]
    if reach.key_arn:
        grants.append(
            Grant(
                "EncryptStates",
                "The state bucket is encrypted by the platform's key, which is used through S3 alone.",
                ("kms:Decrypt", "kms:GenerateDataKey"),
                (reach.key_arn,),
                through("s3", reach.region),
            )
        )
    return grants
