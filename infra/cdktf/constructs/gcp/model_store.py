"""The bucket that keeps models near the machines, and its copy in a second region where one is wanted.

Models lie under `models/`; that is all an instance's role may touch, and all that is copied.
"""

from dataclasses import dataclass

from constructs import Construct

from infra.cdktf import ids
from infra.cdktf.constructs.gcp.bucket import PrivateBucket, PrivateBucketProps
from infra.cdktf.constructs.gcp.model_copy import ModelCopy, ModelCopyProps


@dataclass(frozen=True)
class ReplicaProps:
    """A key is of the replica's region. `agent` is the account of Google's that copies, as a member."""

    bucket: str
    region: str
    key_id: str | None
    agent: str


@dataclass(frozen=True)
class ModelStoreProps:
    name: str
    project: str
    bucket: str
    region: str
    key_id: str | None
    replica: ReplicaProps | None = None


class ModelStore(Construct):
    """`replica` is the copy's bucket, `copy_job` what copies; both are None without one."""

    def __init__(self, scope: Construct, id_: str, props: ModelStoreProps) -> None:
        super().__init__(scope, id_)
        self._props = props
        self.bucket = PrivateBucket(
            self, ids.MODEL_BUCKET, PrivateBucketProps(props.bucket, props.region, props.key_id)
        ).name
        self.replica: str | None = None
        self.copy_job: str | None = None
        if props.replica:
            self._copy_to(props.replica)

    def _copy_to(self, props: ReplicaProps) -> None:
        self.replica = PrivateBucket(
            self, ids.REPLICA_BUCKET, PrivateBucketProps(props.bucket, props.region, props.key_id)
        ).name
        copy = ModelCopyProps(
            name=self._props.name,
            project=self._props.project,
            agent=props.agent,
            source=self.bucket,
            sink=self.replica,
        )
        self.copy_job = ModelCopy(self, ids.REPLICATION, copy).job
