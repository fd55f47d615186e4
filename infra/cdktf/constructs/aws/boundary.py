"""The permissions boundary: the most that any role of a platform can ever do, whatever policy somebody attaches to it.

It is made of the very grants that the roles have, so it can't be narrower than they need; and it knows no way to a
role without it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from cdktf_cdktf_provider_aws.iam_policy import IamPolicy
from constructs import Construct

from infra.cdktf import ids
from infra.cdktf.constructs.aws.grants import Grant, document, explain

_EVERY = ("*",)


@dataclass(frozen=True)
class BoundaryProps:
    """`buckets` are names; `grants` are those of all roles that will carry the boundary."""

    name: str
    account: str
    region: str
    buckets: tuple[str, ...]
    grants: tuple[Grant, ...]


class Boundary(Construct):
    def __init__(self, scope: Construct, id_: str, props: BoundaryProps) -> None:
        super().__init__(scope, id_)
        grants = boundary_grants(props)
        made = IamPolicy(
            self,
            ids.POLICY,
            name=_policy_name(props),
            description="The most that a role of FlowLlama can do",
            policy=document(grants),
        )
        explain(made, grants)
        self.arn = made.arn


def boundary_grants(props: BoundaryProps) -> list[Grant]:
    actions = sorted({_shortened(action) for grant in props.grants for action in grant.actions})
    within = _within(props)
    services = [
        Grant(
            f"Most{service.title().replace('-', '')}",
            "What some role of the platform needs of this service. A boundary gives nothing by itself.",
            tuple(its),
            within.get(service, _EVERY),
        )
        for service, its in groupby(actions, key=lambda action: action.partition(":")[0])
    ]
    return [*services, _no_way_around(props)]


def _shortened(action: str) -> str:
    """A managed policy has room for 6,144 characters; Describe calls change nothing, so one pattern may stand for them."""
    service, _, call = action.partition(":")
    return f"{service}:Describe*" if call.startswith("Describe") else action


def _within(props: BoundaryProps) -> Mapping[str, tuple[str, ...]]:
    """Where a service's resources of this platform lie; the services left out tell by the policies themselves."""
    here = f"{props.region}:{props.account}"
    return {
        "s3": tuple(_both(props.buckets)),
        "sqs": (f"arn:aws:sqs:{here}:*",),
        "kms": (f"arn:aws:kms:*:{props.account}:key/*",),
        "logs": (f"arn:aws:logs:*:{props.account}:log-group:/flowllama*",),
        "secretsmanager": (f"arn:aws:secretsmanager:{here}:secret:{props.name}/*",),
        "iam": (
            f"arn:aws:iam::{props.account}:role/{props.name}-*",
            f"arn:aws:iam::{props.account}:role/aws-service-role/*",
        ),
    }


def _both(buckets: Iterable[str]) -> Iterable[str]:
    for bucket in buckets:
        yield from (f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*")


def _no_way_around(props: BoundaryProps) -> Grant:
    return Grant(
        "NoWayAround",
        "No role is made without this boundary or taken out of it, and the boundary itself is not rewritten.",
        (
            "iam:CreateRole",
            "iam:CreateUser",
            "iam:DeleteRolePermissionsBoundary",
            "iam:PutRolePermissionsBoundary",
            "iam:CreatePolicyVersion",
            "iam:SetDefaultPolicyVersion",
            "iam:DeletePolicy",
        ),
        _EVERY,
        {"StringNotEquals": {"iam:PermissionsBoundary": _arn(props)}},
        effect="Deny",
    )


def _arn(props: BoundaryProps) -> str:
    return f"arn:aws:iam::{props.account}:policy/{_policy_name(props)}"


def _policy_name(props: BoundaryProps) -> str:
    """Names of policies are the account's, and a platform may stand in each region."""
    return f"{props.name}-{props.region}-boundary"
