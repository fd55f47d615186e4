"""What the agent needs for balanced placements: scaling groups and balancers, within the same marks."""

from infra.cdktf.constructs.aws.grants import Grant
from infra.cdktf.constructs.aws.marks import Marks

# AWS makes these once in an account, when the first group, balancer or spot request is created.
_LINKED = {
    "autoscaling.amazonaws.com": "AWSServiceRoleForAutoScaling",
    "elasticloadbalancing.amazonaws.com": "AWSServiceRoleForElasticLoadBalancing",
    "spot.amazonaws.com": "AWSServiceRoleForEC2Spot",
}


def grants(account: str, marks: Marks) -> list[Grant]:
    return [
        _look(),
        *_scaling(account, marks),
        *_balancers(account, marks),
        _linked_roles(account),
    ]


def _look() -> Grant:
    groups = "AutoScalingGroups InstanceRefreshes LifecycleHooks LoadBalancerTargetGroups Policies ScalingActivities Tags"
    balancers = (
        "CapacityReservation ListenerAttributes ListenerCertificates Listeners LoadBalancerAttributes LoadBalancers"
        " Rules Tags TargetGroupAttributes TargetGroups TargetHealth"
    )
    return Grant(
        "LookAtBalanced",
        "As LookAround, for scaling groups and balancers.",
        (
            *(f"autoscaling:Describe{what}" for what in groups.split()),
            *(f"elasticloadbalancing:Describe{what}" for what in balancers.split()),
            # The balancers' own service asks this in the name of who makes one.
            "ec2:DescribeAccountAttributes",
        ),
        ("*",),
    )


def _scaling(account: str, marks: Marks) -> list[Grant]:
    # The name binds it too: tags of a group can be set by a call of their own.
    ours = (f"arn:aws:autoscaling:*:{account}:autoScalingGroup:*:autoScalingGroupName/flowllama-*",)
    return [
        Grant(
            "ScaleMarked",
            "Makes the scaling group of a balanced placement.",
            ("autoscaling:CreateAutoScalingGroup", "autoscaling:CreateOrUpdateTags"),
            ours,
            marks.asked,
        ),
        Grant(
            "ChangeScaling",
            "Changes, refreshes and ends the scaling group of a balanced placement.",
            (
                "autoscaling:AttachLoadBalancerTargetGroups",
                "autoscaling:CancelInstanceRefresh",
                "autoscaling:CreateOrUpdateTags",
                "autoscaling:DeleteAutoScalingGroup",
                "autoscaling:DeletePolicy",
                "autoscaling:DeleteTags",
                "autoscaling:DetachLoadBalancerTargetGroups",
                "autoscaling:DisableMetricsCollection",
                "autoscaling:EnableMetricsCollection",
                "autoscaling:PutScalingPolicy",
                "autoscaling:ResumeProcesses",
                "autoscaling:SetInstanceProtection",
                "autoscaling:StartInstanceRefresh",
                "autoscaling:SuspendProcesses",
                "autoscaling:UpdateAutoScalingGroup",
            ),
            ours,
            marks.carried,
        ),
    ]


def _balancers(account: str, marks: Marks) -> list[Grant]:
    of = f"arn:aws:elasticloadbalancing:*:{account}"
    balancers = (f"{of}:loadbalancer/app/*", f"{of}:loadbalancer/net/*")
    targets = (f"{of}:targetgroup/*",)
    listeners = (f"{of}:listener/app/*", f"{of}:listener/net/*")
    created = ["CreateLoadBalancer", "CreateTargetGroup", "CreateListener"]
    return [
        Grant(
            "BalanceMarked",
            "Makes the balancer of a placement and its target group.",
            ("elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:CreateTargetGroup"),
            (*balancers, *targets),
            marks.asked,
        ),
        Grant(
            "MarkBalancersAtBirth",
            "Puts our tags on a balancer's parts while they are created, and at no other moment.",
            ("elasticloadbalancing:AddTags",),
            (*balancers, *targets, *listeners),
            {"StringEquals": {"elasticloadbalancing:CreateAction": created}},
            objections={
                "UNKNOWN_CONDITION_FOR_ACTION": "AWS added the key in 2023; the scanner's list of keys is older."
            },
        ),
        Grant(
            "ChangeBalancers",
            "Changes and ends balancers, target groups and listeners of placements.",
            (
                "elasticloadbalancing:AddTags",
                "elasticloadbalancing:CreateListener",
                "elasticloadbalancing:DeleteListener",
                "elasticloadbalancing:DeleteLoadBalancer",
                "elasticloadbalancing:DeleteTargetGroup",
                "elasticloadbalancing:ModifyListener",
                "elasticloadbalancing:ModifyListenerAttributes",
                "elasticloadbalancing:ModifyLoadBalancerAttributes",
                "elasticloadbalancing:ModifyTargetGroup",
                "elasticloadbalancing:ModifyTargetGroupAttributes",
                "elasticloadbalancing:RemoveTags",
                "elasticloadbalancing:SetSecurityGroups",
                "elasticloadbalancing:SetSubnets",
            ),
            (*balancers, *targets, *listeners),
            marks.carried,
        ),
    ]


def _linked_roles(account: str) -> Grant:
    return Grant(
        "LetServicesStart",
        "The first group, balancer or spot machine of an account makes AWS create its own role for it, once.",
        ("iam:CreateServiceLinkedRole",),
        tuple(f"arn:aws:iam::{account}:role/aws-service-role/{by}/{role}" for by, role in _LINKED.items()),
        {"StringEquals": {"iam:AWSServiceName": list(_LINKED)}},
        objections={
            "PERMISSIONS_MANAGEMENT_ACTIONS": "AWS alone says what these roles may do, and who may take them."
        },
    )
