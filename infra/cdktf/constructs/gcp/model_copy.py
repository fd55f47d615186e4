"""The copy of a model store in another region: what is new under `models/` follows within an hour or two.

Nothing is deleted there. An hourly transfer needs rights on the two buckets alone; Google's replication as it happens
would need to make topics in the whole project.
"""

from dataclasses import dataclass

from cdktf import Fn
from cdktf_cdktf_provider_google.storage_bucket_iam_member import StorageBucketIamMember
from cdktf_cdktf_provider_google.storage_transfer_job import (
    StorageTransferJob,
    StorageTransferJobLoggingConfig,
    StorageTransferJobSchedule,
    StorageTransferJobScheduleScheduleStartDate,
    StorageTransferJobTransferSpec,
    StorageTransferJobTransferSpecGcsDataSink,
    StorageTransferJobTransferSpecGcsDataSource,
    StorageTransferJobTransferSpecObjectConditions,
    StorageTransferJobTransferSpecTransferOptions,
)
from constructs import Construct

from infra.cdktf import ids
from infra.cdktf.constructs.gcp import roles
from infra.cdktf.instance.cache import PREFIX

EVERY_S = 3600

SOURCE = roles.Role(
    "copy-from",
    "FlowLlama: what models are copied from",
    {
        "storage.buckets.get": "The transfer looks up where the bucket is.",
        "storage.objects.list": "It finds models that are new.",
        "storage.objects.get": "It reads what is new.",
    },
)
SINK = roles.Role(
    "copy-to",
    "FlowLlama: what models are copied to",
    {
        "storage.buckets.get": "The transfer looks up where the bucket is.",
        "storage.objects.list": "It sees which models are there already.",
        "storage.objects.get": "It compares them with the first bucket's.",
        "storage.objects.create": "It writes what is missing.",
        "storage.objects.delete": "Cloud Storage counts replacing an object as deleting it; the old version stays.",
    },
)


@dataclass(frozen=True)
class ModelCopyProps:
    """`agent` is the account of Google's that copies, as a member; `name` is the platform's."""

    name: str
    project: str
    agent: str
    source: str
    sink: str


class ModelCopy(Construct):
    """`job` is the name by which its lines in the log are found, as Terraform knows it."""

    def __init__(self, scope: Construct, id_: str, props: ModelCopyProps) -> None:
        super().__init__(scope, id_)
        self._props = props
        grants = [self._grant(SOURCE, props.source), self._grant(SINK, props.sink)]
        job = StorageTransferJob(
            self,
            ids.TRANSFER,
            # Google names it: a name of ours would stay taken for a month after the copy was given up.
            project=props.project,
            description=f"FlowLlama: {PREFIX} of {props.source} to {props.sink}",
            status="ENABLED",
            transfer_spec=self._what(),
            schedule=StorageTransferJobSchedule(
                # A day that is over means: from now on.
                schedule_start_date=StorageTransferJobScheduleScheduleStartDate(year=2026, month=1, day=1),
                repeat_interval=f"{EVERY_S}s",
            ),
            logging_config=StorageTransferJobLoggingConfig(
                log_actions=["FIND", "COPY"], log_action_states=["FAILED"]
            ),
            depends_on=grants,
        )
        self.job = Fn.trimprefix(job.name, "transferJobs/")

    def _grant(self, role: roles.Role, bucket: str) -> StorageBucketIamMember:
        name = roles.make(self, role.id, role, name=self._props.name, project=self._props.project)
        return StorageBucketIamMember(
            self, f"{ids.GRANT}-{role.id}", bucket=bucket, role=name, member=self._props.agent
        )

    def _what(self) -> StorageTransferJobTransferSpec:
        return StorageTransferJobTransferSpec(
            gcs_data_source=StorageTransferJobTransferSpecGcsDataSource(bucket_name=self._props.source),
            gcs_data_sink=StorageTransferJobTransferSpecGcsDataSink(bucket_name=self._props.sink),
            object_conditions=StorageTransferJobTransferSpecObjectConditions(include_prefixes=[PREFIX]),
            transfer_options=StorageTransferJobTransferSpecTransferOptions(
                overwrite_when="DIFFERENT",
                # A model deleted here by mistake is still there.
                delete_objects_unique_in_sink=False,
            ),
        )
