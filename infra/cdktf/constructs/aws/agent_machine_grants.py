"""What the agent needs for machines, their disks, groups and templates, within the marks of its environment."""

from infra.cdktf.constructs.aws.grants import Grant
from infra.cdktf.constructs.aws.marks import Marks

# What a launch touches differs in what can be asked of it, so one call has three statements.
_PORTIONS = (
    "Together the statements on RunInstances name every kind of resource that it touches; none does alone."
)


# Whoever makes a scaling group must be allowed what its template will do, and that marks network interfaces too.
_BORN = ("instance", "launch-template", "network-interface", "security-group", "volume")


def grants(account: str, marks: Marks) -> list[Grant]:
    return [_look(), *_create(account, marks), *_change(account, marks)]


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


def _create(account: str, marks: Marks) -> list[Grant]:
    ec2 = f"arn:aws:ec2:*:{account}"
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
            tuple(f"{ec2}:{kind}/*" for kind in _BORN),
            {
                "StringEquals": {
                    "ec2:CreateAction": ["RunInstances", "CreateSecurityGroup", "CreateLaunchTemplate"]
                }
            },
        ),
    ]


def _change(account: str, marks: Marks) -> list[Grant]:
    ec2 = f"arn:aws:ec2:*:{account}"
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
