"""What a role may do, each with the reason. Reasons stand in the written stack, so that documents can be made of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cdktf import TerraformElement
from cdktf_cdktf_provider_aws.iam_policy import IamPolicy
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.iam_role_policy_attachment import IamRolePolicyAttachment
from constructs import Construct

from infra.cdktf import ids
from infra.cdktf.constructs.aws import policy

# Keys in a resource's comment, `//`, which Terraform passes over.
REASONS = "why"
OBJECTIONS = "objections"
Conditions = Mapping[str, Mapping[str, str | Sequence[str]]]


@dataclass(frozen=True)
class Grant:
    """One statement of a policy. `why` says in one sentence what the role needs it for.

    `objections` are what a scanner of policies finds in it, by the scanner's own word, and why it stands all the same.
    """

    sid: str
    why: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Conditions = field(default_factory=dict)
    effect: str = "Allow"
    objections: Mapping[str, str] = field(default_factory=dict)

    def statement(self) -> policy.Statement:
        said: policy.Statement = {
            "Sid": self.sid,
            "Effect": self.effect,
            "Action": _one_or_more(self.actions),
            "Resource": _one_or_more(self.resources),
        }
        return {**said, "Condition": self.conditions} if self.conditions else said


def allow(
    scope: Construct, id_: str, *, role: str, name: str | None, grants: Iterable[Grant]
) -> IamRolePolicy:
    """Give the role an inline policy of these grants. Without a name Terraform makes one up."""
    grants = tuple(grants)
    made = IamRolePolicy(scope, id_, name=name, role=role, policy=document(grants))
    explain(made, grants)
    return made


def allow_apart(
    scope: Construct, id_: str, *, role: str, name: str, grants: Iterable[Grant]
) -> IamRolePolicyAttachment:
    """As `allow`, in a policy of its own: AWS takes 10,240 characters of inline policies to a role, and no more."""
    grants = tuple(grants)
    made = IamPolicy(
        scope, id_, name=name, description="Part of what its role may do", policy=document(grants)
    )
    explain(made, grants)
    return IamRolePolicyAttachment(scope, f"{id_}-{ids.ATTACHED}", role=role, policy_arn=made.arn)


def document(grants: Iterable[Grant]) -> str:
    return policy.document(*(grant.statement() for grant in grants))


def explain(resource: TerraformElement, grants: Iterable[Grant]) -> None:
    """Write the reasons beside the policy: what each statement is for, and why an objection to it stands."""
    for grant in grants:
        resource.add_override(f"//.{REASONS}.{grant.sid}", grant.why)
        for objection, answer in grant.objections.items():
            resource.add_override(f"//.{OBJECTIONS}.{grant.sid}.{objection}", answer)


def through(service: str, region: str) -> Conditions:
    """A key that is used by an AWS service on the role's behalf, and never by the role itself."""
    return {"StringEquals": {"kms:ViaService": f"{service}.{region}.amazonaws.com"}}


def _one_or_more(texts: Sequence[str]) -> str | list[str]:
    return texts[0] if len(texts) == 1 else list(texts)
