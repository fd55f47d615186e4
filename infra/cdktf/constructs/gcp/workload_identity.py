"""Who may stand in for a service account without ever holding a key of it.

A pod of a cluster does so by its Kubernetes service account, and a role of an AWS account by a pool that trusts that
account: the agent on AWS needs no file with Google's credentials.
"""

import re
from dataclasses import dataclass

from cdktf import Token
from cdktf_cdktf_provider_google.iam_workload_identity_pool import IamWorkloadIdentityPool
from cdktf_cdktf_provider_google.iam_workload_identity_pool_provider import (
    IamWorkloadIdentityPoolProvider,
    IamWorkloadIdentityPoolProviderAws,
)
from cdktf_cdktf_provider_google.service_account_iam_member import ServiceAccountIamMember
from constructs import Construct

from infra.cdktf import ids, names

_STAND_IN = "roles/iam.workloadIdentityUser"

_LONGEST_POOL = 32
_KUBERNETES = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_AWS_ACCOUNT = re.compile(r"[0-9]{12}")
_AWS_ROLE = re.compile(r"[A-Za-z0-9+=,.@_-]{1,64}")

# For the audit log. A subject has at most 127 bytes, and a whole ARN may be longer.
_SESSION = "assertion.arn.extract('assumed-role/{role_and_session}')"
# A session's own name comes last in its ARN and is chosen by the caller; the role before it is what AWS vouches for.
_ROLE_OF_SESSION = (
    "assertion.arn.contains('assumed-role')"
    " ? assertion.arn.extract('{account}assumed-role/')"
    " + 'assumed-role/' + assertion.arn.extract('assumed-role/{role}/')"
    " : assertion.arn"
)


@dataclass(frozen=True)
class PodIdentityProps:
    """`account_id` is `projects/…/serviceAccounts/…`; `project` is the cluster's."""

    account_id: str
    project: str
    namespace: str
    kubernetes_account: str


class PodIdentity(Construct):
    """Pods of one Kubernetes service account in one namespace."""

    def __init__(self, scope: Construct, id_: str, props: PodIdentityProps) -> None:
        super().__init__(scope, id_)
        namespace = _fit(_KUBERNETES, props.namespace)
        account = _fit(_KUBERNETES, props.kubernetes_account)
        ServiceAccountIamMember(
            self,
            ids.POLICY,
            service_account_id=props.account_id,
            role=_STAND_IN,
            member=f"serviceAccount:{props.project}.svc.id.goog[{namespace}/{account}]",
        )


@dataclass(frozen=True)
class AwsIdentityProps:
    """`account_id` is `projects/…/serviceAccounts/…`; `aws_role` is a role's name, without a path."""

    name: str
    project: str
    account_id: str
    aws_account: str
    aws_role: str


class AwsIdentity(Construct):
    """One role of one AWS account. The condition refuses all its other roles before any grant is looked at.

    `provider` is what Google's libraries on AWS are configured with.
    """

    def __init__(self, scope: Construct, id_: str, props: AwsIdentityProps) -> None:
        super().__init__(scope, id_)
        aws_account = _fit(_AWS_ACCOUNT, props.aws_account)
        role = f"arn:aws:sts::{aws_account}:assumed-role/{_fit(_AWS_ROLE, props.aws_role)}"
        pool = IamWorkloadIdentityPool(
            self,
            ids.POOL,
            project=props.project,
            workload_identity_pool_id=names.within(props.name, _LONGEST_POOL),
            display_name=names.within(props.name, _LONGEST_POOL),
            description="FlowLlama on AWS",
        )
        provider = IamWorkloadIdentityPoolProvider(
            self,
            ids.POOL_PROVIDER,
            project=props.project,
            workload_identity_pool_id=pool.workload_identity_pool_id,
            # Google takes no name of fewer than four characters.
            workload_identity_pool_provider_id="amazon",
            attribute_mapping={"google.subject": _SESSION, "attribute.aws_role": _ROLE_OF_SESSION},
            attribute_condition=f"attribute.aws_role == '{role}'",
            aws=IamWorkloadIdentityPoolProviderAws(account_id=aws_account),
        )
        ServiceAccountIamMember(
            self,
            ids.POLICY,
            service_account_id=props.account_id,
            role=_STAND_IN,
            member=f"principalSet://iam.googleapis.com/{pool.name}/attribute.aws_role/{role}",
        )
        self.provider = provider.name


def _fit(pattern: re.Pattern[str], text: str) -> str:
    """The text itself. What only Terraform knows is taken as it is; nothing else may hold a quote or a slash."""
    if not Token.is_unresolved(text) and not pattern.fullmatch(text):
        raise ValueError(f"not a name that belongs here: {text!r}")
    return text
