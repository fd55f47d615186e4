"""A bucket that is closed, versioned and encrypted, and throws away what nobody needs. Never one without the rest."""

from dataclasses import dataclass

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_google.storage_bucket import (
    StorageBucket,
    StorageBucketAutoclass,
    StorageBucketEncryption,
    StorageBucketLifecycleRule,
    StorageBucketLifecycleRuleAction,
    StorageBucketLifecycleRuleCondition,
    StorageBucketSoftDeletePolicy,
    StorageBucketVersioning,
)
from constructs import Construct

from infra.cdktf import ids
from infra.cdktf.accepted import accept

ABANDONED_UPLOAD_DAYS = 3
OLD_VERSION_DAYS = 30
# How long what was deleted for good can still be brought back. Google takes 7 to 90 days, or none.
SOFT_DELETE_DAYS = 7
_DAY_S = 24 * 3600


@dataclass(frozen=True)
class PrivateBucketProps:
    """Without a key Google encrypts with its own.

    `tiers`: what nobody reads gets cheaper. `kept`: Terraform refuses to destroy it.
    """

    name: str
    region: str
    key_id: str | None
    old_version_days: int = OLD_VERSION_DAYS
    soft_delete_days: int = SOFT_DELETE_DAYS
    tiers: bool = True
    kept: bool = False


class PrivateBucket(Construct):
    def __init__(self, scope: Construct, id_: str, props: PrivateBucketProps) -> None:
        super().__init__(scope, id_)
        bucket = StorageBucket(
            self,
            ids.BUCKET,
            name=props.name,
            # As Google gives it back.
            location=props.region.upper(),
            storage_class="STANDARD",
            # Objects are never deleted along with their bucket: a destroy fails until somebody has emptied it.
            force_destroy=False,
            # Access lists of objects are off: roles alone say who may do what.
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            versioning=StorageBucketVersioning(enabled=True),
            soft_delete_policy=StorageBucketSoftDeletePolicy(
                retention_duration_seconds=props.soft_delete_days * _DAY_S
            ),
            encryption=StorageBucketEncryption(default_kms_key_name=props.key_id) if props.key_id else None,
            # Google moves what nobody reads to cheaper classes and back, and reading costs nothing extra. Rules of our
            # own would make the models that every boot reads the expensive ones.
            autoclass=StorageBucketAutoclass(enabled=True, terminal_storage_class="ARCHIVE")
            if props.tiers
            else None,
            lifecycle_rule=_rules(props.old_version_days),
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True) if props.kept else None,
        )
        accept(
            bucket,
            CKV_GCP_62="Only accounts of the platform get in, and audit logs name them; a second bucket does not.",
        )
        self.name = bucket.name


def _rules(old_version_days: int) -> list[StorageBucketLifecycleRule]:
    return [
        StorageBucketLifecycleRule(
            action=StorageBucketLifecycleRuleAction(type="AbortIncompleteMultipartUpload"),
            condition=StorageBucketLifecycleRuleCondition(age=ABANDONED_UPLOAD_DAYS),
        ),
        StorageBucketLifecycleRule(
            action=StorageBucketLifecycleRuleAction(type="Delete"),
            condition=StorageBucketLifecycleRuleCondition(
                days_since_noncurrent_time=old_version_days, with_state="ARCHIVED"
            ),
        ),
    ]
