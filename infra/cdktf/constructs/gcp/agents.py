"""Google's own accounts, by which its services act in a project: who copies models, forwards dead letters, uses a key.

Two of them have no data source in this provider, so their addresses are put together from the project's number. Google
makes each when its service is first used, and refuses a grant to one that is not there yet.
"""

from functools import cached_property

from cdktf_cdktf_provider_google.data_google_logging_project_cmek_settings import (
    DataGoogleLoggingProjectCmekSettings,
)
from cdktf_cdktf_provider_google.data_google_project import DataGoogleProject
from cdktf_cdktf_provider_google.data_google_storage_project_service_account import (
    DataGoogleStorageProjectServiceAccount,
)
from cdktf_cdktf_provider_google.data_google_storage_transfer_project_service_account import (
    DataGoogleStorageTransferProjectServiceAccount,
)
from constructs import Construct

from infra.cdktf import ids


class Agents(Construct):
    """`number` is the project's; the rest are members, as grants take them."""

    def __init__(self, scope: Construct, id_: str, project: str) -> None:
        super().__init__(scope, id_)
        self._project = project
        self.number = DataGoogleProject(self, ids.PROJECT, project_id=project).number
        self.pubsub = self._agent("gcp-sa-pubsub")
        self.secrets = self._agent("gcp-sa-secretmanager")

    @cached_property
    def storage(self) -> str:
        return DataGoogleStorageProjectServiceAccount(self, ids.STORAGE_AGENT, project=self._project).member

    @cached_property
    def transfer(self) -> str:
        return DataGoogleStorageTransferProjectServiceAccount(
            self, ids.TRANSFER_AGENT, project=self._project
        ).member

    @cached_property
    def logging(self) -> str:
        settings = DataGoogleLoggingProjectCmekSettings(self, ids.LOGGING_AGENT, project=self._project)
        return f"serviceAccount:{settings.service_account_id}"

    def _agent(self, name: str) -> str:
        return f"serviceAccount:service-{self.number}@{name}.iam.gserviceaccount.com"
