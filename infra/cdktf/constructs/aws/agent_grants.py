"""What the agent may do: build and remove placements, and nothing that is not marked as this environment's.

What it creates has to carry our tags from the first moment; what it changes or ends has to carry them already, and
no call of its own can put them on anything else. Machines are launched only into subnets and groups of ours.
"""

from dataclasses import dataclass

from infra.cdktf.constructs.aws import agent_balancer_grants as balanced
from infra.cdktf.constructs.aws.grants import Grant, through
from infra.cdktf.constructs.aws.marks import Marks

# What a launch touches differs in what can be asked of it, so one call has three statements.
_PORTIONS = (
    "Together the statements on RunInstances name every kind of resource that it touches; none does alone."
)
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
    marks = Marks(reach.environment)
    return [
        _look(),
        *_create(reach, marks),
        *_change(reach, marks),
        *balanced.grants(reach.account, marks, reach.zones),
        _pass_role(reach),
        *_states(reach),
    ]


def _look() -> Grant:
    described = (
        "AvailabilityZones Images InstanceTypes Instances InternetGateways LaunchTemplateVersions"
        " LaunchTemplates NetworkInterfaces SecurityGroupRules SecurityGroups SpotInstanceRequests Subnets Tags"
        " Volumes Vpcs"
    )
    return Grant(
        "LookAround",
        "Terraform compares what stands with what should, and the sweep looks for what was left. "
        "Describe calls know no resource.",
        tuple(f"ec2:Describe{what}" for what in described.split()),
        ("*",),
    )


def _create(reach: AgentReach, marks: Marks) -> list[Grant]:
    ec2 = f"arn:aws:ec2:*:{reach.account}"
    return [
        Grant(
            "LaunchMarked",
            "Starts the machine of a placement with its disk. Without our tags in the request it is refused.",
            ("ec2:RunInstances",),
            (f"{ec2}:instance/*", f"{ec2}:volume/*"),
            marks.asked,
            objections={"RESOURCE_MISMATCH": _PORTIONS},
        ),
        Grant(
            "LaunchFrom",
            "A machine has an image and a network interface, and on spot a request; EC2 can't mark these at launch.",
            ("ec2:RunInstances",),
            ("arn:aws:ec2:*::image/*", f"{ec2}:network-interface/*", f"{ec2}:spot-instances-request/*"),
            objections={"RESOURCE_MISMATCH": _PORTIONS},
        ),
        Grant(
            "LaunchInto",
            "Machines go into the networks, behind the groups and from the templates of this environment only.",
            ("ec2:RunInstances", "ec2:CreateSecurityGroup"),
            (f"{ec2}:subnet/*", f"{ec2}:security-group/*", f"{ec2}:launch-template/*", f"{ec2}:vpc/*"),
            marks.carried,
            objections={"RESOURCE_MISMATCH": _PORTIONS},
        ),
        Grant(
            "CreateMarked",
            "Makes the security group of a placement, and the launch template of a balanced one.",
            ("ec2:CreateSecurityGroup", "ec2:CreateLaunchTemplate"),
            (f"{ec2}:security-group/*", f"{ec2}:launch-template/*"),
            marks.asked,
        ),
        Grant(
            "MarkAtBirth",
            "Puts our tags on what is being created, and at no other moment.",
            ("ec2:CreateTags",),
            tuple(f"{ec2}:{kind}/*" for kind in ("instance", "volume", "security-group", "launch-template")),
            {
                "StringEquals": {
                    "ec2:CreateAction": ["RunInstances", "CreateSecurityGroup", "CreateLaunchTemplate"]
                }
            },
        ),
    ]


def _change(reach: AgentReach, marks: Marks) -> list[Grant]:
    ec2 = f"arn:aws:ec2:*:{reach.account}"
    return [
        Grant(
            "ChangeMarked",
            "Reads attributes, gives its own things new tags when another run takes over, opens and closes groups.",
            (
                "ec2:AuthorizeSecurityGroupEgress",
                "ec2:AuthorizeSecurityGroupIngress",
                "ec2:CreateLaunchTemplateVersion",
                "ec2:CreateTags",
                "ec2:DeleteTags",
                "ec2:DescribeInstanceAttribute",
                "ec2:GetInstanceUefiData",
                "ec2:ModifyInstanceAttribute",
                "ec2:ModifyLaunchTemplate",
                "ec2:RevokeSecurityGroupEgress",
                "ec2:RevokeSecurityGroupIngress",
                "ec2:UpdateSecurityGroupRuleDescriptionsEgress",
                "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
            ),
            tuple(f"{ec2}:{kind}/*" for kind in ("instance", "volume", "security-group", "launch-template")),
            marks.carried,
        ),
        Grant(
            "EndMarked",
            "Ends machines and what belongs to them when a placement goes, and strays. Nothing without our tags.",
            (
                "ec2:CancelSpotInstanceRequests",
                "ec2:DeleteLaunchTemplate",
                "ec2:DeleteLaunchTemplateVersions",
                "ec2:DeleteNetworkInterface",
                "ec2:DeleteSecurityGroup",
                "ec2:DeleteVolume",
                "ec2:TerminateInstances",
            ),
            tuple(
                f"{ec2}:{kind}/*"
                for kind in (
                    "instance",
                    "launch-template",
                    "network-interface",
                    "security-group",
                    "spot-instances-request",
                    "volume",
                )
            ),
            marks.carried,
        ),
    ]


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
