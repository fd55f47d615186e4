"""The bucket of Terraform's states. Whoever loses one loses track of machines that cost money, so old versions stay long."""

from dataclasses import dataclass

from constructs import Construct

from infra.cdktf import ids
from infra.cdktf.constructs.gcp.bucket import PrivateBucket, PrivateBucketProps

OLD_STATE_DAYS = 365
BROUGHT_BACK_DAYS = 30


@dataclass(frozen=True)
class StateStoreProps:
    bucket: str
    region: str
    key_id: str | None


class StateStore(Construct):
    """Terraform refuses to destroy it, and Google to delete it while it holds anything."""

    def __init__(self, scope: Construct, id_: str, props: StateStoreProps) -> None:
        super().__init__(scope, id_)
        self.bucket = PrivateBucket(
            self,
            ids.BUCKET,
            PrivateBucketProps(
                name=props.bucket,
                region=props.region,
                key_id=props.key_id,
                old_version_days=OLD_STATE_DAYS,
                soft_delete_days=BROUGHT_BACK_DAYS,
                # States are small and read often; Autoclass takes no object below 128 KiB to a cheaper class anyway.
                tiers=False,
                kept=True,
            ),
        ).name
