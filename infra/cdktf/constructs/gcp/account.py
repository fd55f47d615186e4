"""The account of one process, and what it may do: nothing but what is granted here, each on the one thing it is for."""

from collections.abc import Mapping
from dataclasses import dataclass

from cdktf import ITerraformDependable
from cdktf_cdktf_provider_google.project_iam_member import ProjectIamMember
from cdktf_cdktf_provider_google.pubsub_subscription_iam_member import PubsubSubscriptionIamMember
from cdktf_cdktf_provider_google.pubsub_topic_iam_member import PubsubTopicIamMember
from cdktf_cdktf_provider_google.secret_manager_secret_iam_member import SecretManagerSecretIamMember
from cdktf_cdktf_provider_google.service_account import ServiceAccount
from cdktf_cdktf_provider_google.storage_bucket_iam_member import (
    StorageBucketIamMember,
    StorageBucketIamMemberCondition,
)
from constructs import Construct

from infra.cdktf import ids, names
from infra.cdktf.constructs.gcp import service_roles as roles
from infra.cdktf.constructs.gcp.roles import Role


@dataclass(frozen=True)
class AccountProps:
    """`name` is the platform's; `roles` are the names of the roles of `service_roles`, by their id."""

    name: str
    process: str
    project: str
    roles: Mapping[str, str]


class Account(Construct):
    """What starts as the account waits for its `grants`: without its secrets it can't start."""

    def __init__(self, scope: Construct, id_: str, props: AccountProps) -> None:
        super().__init__(scope, id_)
        self._props = props
        account = ServiceAccount(
            self,
            ids.ACCOUNT,
            account_id=names.within(f"{props.name}-{props.process}", names.LONGEST_ACCOUNT),
            display_name=f"{props.name}: {props.process}",
            description=f"What FlowLlama's {props.process} may do",
        )
        self.email, self._member = account.email, account.member
        self.grants: list[ITerraformDependable] = []

    def read_secret(self, setting: str, secret_id: str) -> None:
        grant = SecretManagerSecretIamMember(
            self,
            f"{ids.GRANT}-read-{setting}",
            secret_id=secret_id,
            role=self._role(roles.READ_SECRET),
            member=self._member,
        )
        self.grants.append(grant)

    def send_to(self, topic: str, name: str) -> None:
        """`topic` is the reference, `name` the word for it; so it is with subscriptions and buckets."""
        grant = PubsubTopicIamMember(
            self, f"{ids.GRANT}-send-{name}", topic=topic, role=self._role(roles.SEND), member=self._member
        )
        self.grants.append(grant)

    def receive_from(self, subscription: str, name: str) -> None:
        grant = PubsubSubscriptionIamMember(
            self,
            f"{ids.GRANT}-receive-{name}",
            subscription=subscription,
            role=self._role(roles.RECEIVE),
            member=self._member,
        )
        self.grants.append(grant)

    def keep_states_in(self, bucket: str, name: str) -> None:
        for role, condition in (
            (roles.LIST_STATES, roles.states_listed_only()),
            (roles.KEEP_STATES, roles.states_only(name)),
        ):
            grant = StorageBucketIamMember(
                self,
                f"{ids.GRANT}-{role.id}",
                bucket=bucket,
                role=self._role(role),
                member=self._member,
                condition=StorageBucketIamMemberCondition(title=role.id, expression=condition),
            )
            self.grants.append(grant)

    def read_market(self) -> None:
        grant = ProjectIamMember(
            self,
            f"{ids.GRANT}-{roles.READ_MARKET.id}",
            project=self._props.project,
            role=self._role(roles.READ_MARKET),
            member=self._member,
        )
        self.grants.append(grant)

    def _role(self, role: Role) -> str:
        return self._props.roles[role.id]
