"""What an instance may do in the cloud: write its own logs and share models, and nothing else.

It stands in the network stack, and a placement names it. So whoever creates placements needs no right to make
service accounts or grants, only `iam.serviceAccounts.actAs` on this one.
"""

from dataclasses import dataclass

from cdktf_cdktf_provider_google.project_iam_member import ProjectIamMember
from cdktf_cdktf_provider_google.service_account import ServiceAccount
from cdktf_cdktf_provider_google.storage_bucket_iam_member import (
    StorageBucketIamMember,
    StorageBucketIamMemberCondition,
)
from constructs import Construct

from infra.cdktf import ids, names
from infra.cdktf.constructs.gcp import roles
from infra.cdktf.constructs.gcp.roles import Role
from infra.cdktf.instance.cache import PREFIX

# Google's own role is as small as one of ours could be, and leaves nothing behind: a deleted custom role keeps its
# name for weeks.
LOG_WRITER = "roles/logging.logWriter"
# Google's own roles would also list, restore and change whole folders.
SHARE_MODELS = Role(
    "models",
    "FlowLlama instances: share models",
    {
        "storage.objects.get": "Pulls a model from the bucket instead of the public registry.",
        "storage.objects.create": "Leaves a model there after its first pull, for the next machine.",
        "storage.objects.delete": "Cloud Storage counts replacing as deleting, and a damaged copy must be replaced.",
        "storage.multipartUploads.create": "Writes large models in parts.",
        "storage.multipartUploads.abort": "Leaves no parts of an upload that broke off.",
    },
)


@dataclass(frozen=True)
class IdentityProps:
    """`model_bucket` is one that is there already; instances touch only what lies under `models/` in it."""

    name: str
    project: str
    model_bucket: str | None


class Identity(Construct):
    def __init__(self, scope: Construct, id_: str, props: IdentityProps) -> None:
        super().__init__(scope, id_)
        account = ServiceAccount(
            self,
            ids.ROLE,
            account_id=names.within(props.name, names.LONGEST_ACCOUNT),
            display_name=f"FlowLlama instances of {props.name}",
            description="What a FlowLlama instance may do: write its logs and share models",
        )
        # A member, not a binding: a binding would take the role from everybody else in the project.
        ProjectIamMember(self, ids.POLICY, project=props.project, role=LOG_WRITER, member=account.member)
        if props.model_bucket:
            self._share_models(account, props, props.model_bucket)
        self.email = account.email
        self.account_id = account.name

    def _share_models(self, account: ServiceAccount, props: IdentityProps, bucket: str) -> None:
        role = roles.make(self, ids.MODEL_ROLE, SHARE_MODELS, name=props.name, project=props.project)
        objects = f"projects/_/buckets/{bucket}/objects/{PREFIX}"
        StorageBucketIamMember(
            self,
            ids.MODEL_POLICY,
            bucket=bucket,
            role=role,
            member=account.member,
            condition=StorageBucketIamMemberCondition(
                title="models-only", expression=f'resource.name.startsWith("{objects}")'
            ),
        )
