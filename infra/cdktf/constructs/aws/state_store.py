"""The bucket of Terraform's states. Whoever loses one loses track of machines that cost money, so old versions stay long."""

from dataclasses import dataclass

from constructs import Construct

from infra.cdktf import ids
from infra.cdktf.constructs.aws.bucket import PrivateBucket, PrivateBucketProps

OLD_STATE_DAYS = 365


@dataclass(frozen=True)
class StateStoreProps:
    bucket: str
    key_arn: str | None


class StateStore(Construct):
    """Terraform refuses to destroy it, and S3 to delete it while it holds anything."""

    def __init__(self, scope: Construct, id_: str, props: StateStoreProps) -> None:
        super().__init__(scope, id_)
        bucket = PrivateBucket(
            self,
            ids.BUCKET,
            PrivateBucketProps(
                name=props.bucket,
                key_arn=props.key_arn,
                old_version_days=OLD_STATE_DAYS,
                # States are small and read often; S3 takes no object below 128 KiB to a cheaper tier anyway.
                tiers=False,
                kept=True,
            ),
        )
        self.bucket, self.arn = bucket.name, bucket.arn
