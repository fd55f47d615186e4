"""A bucket that is closed, versioned and encrypted, and throws away what nobody needs. Never one without the rest."""

from dataclasses import dataclass

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.provider import AwsProvider
from cdktf_cdktf_provider_aws.s3_bucket import S3Bucket
from cdktf_cdktf_provider_aws.s3_bucket_lifecycle_configuration import (
    S3BucketLifecycleConfiguration,
    S3BucketLifecycleConfigurationRule,
    S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload,
    S3BucketLifecycleConfigurationRuleExpiration,
    S3BucketLifecycleConfigurationRuleFilter,
    S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration,
    S3BucketLifecycleConfigurationRuleTransition,
)
from cdktf_cdktf_provider_aws.s3_bucket_ownership_controls import (
    S3BucketOwnershipControls,
    S3BucketOwnershipControlsRule,
)
from cdktf_cdktf_provider_aws.s3_bucket_policy import S3BucketPolicy
from cdktf_cdktf_provider_aws.s3_bucket_public_access_block import S3BucketPublicAccessBlock
from cdktf_cdktf_provider_aws.s3_bucket_server_side_encryption_configuration import (
    S3BucketServerSideEncryptionConfigurationA,
    S3BucketServerSideEncryptionConfigurationRuleA,
    S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA,
)
from cdktf_cdktf_provider_aws.s3_bucket_versioning import (
    S3BucketVersioningA,
    S3BucketVersioningVersioningConfiguration,
)
from constructs import Construct

from infra.cdktf import ids
from infra.cdktf.accepted import accept
from infra.cdktf.constructs.aws import policy

ABANDONED_UPLOAD_DAYS = 3
OLD_VERSION_DAYS = 30


@dataclass(frozen=True)
class PrivateBucketProps:
    """Without a key S3 encrypts with its own (AES-256). `provider` is that of the region, if not the stack's.

    `tiers`: what nobody reads gets cheaper. `kept`: Terraform refuses to destroy it.
    """

    name: str
    key_arn: str | None
    provider: AwsProvider | None = None
    old_version_days: int = OLD_VERSION_DAYS
    tiers: bool = True
    kept: bool = False


class PrivateBucket(Construct):
    def __init__(self, scope: Construct, id_: str, props: PrivateBucketProps) -> None:
        super().__init__(scope, id_)
        # Objects are never deleted along with their bucket: a destroy fails until somebody has emptied it.
        bucket = S3Bucket(
            self,
            ids.BUCKET,
            bucket=props.name,
            force_destroy=False,
            provider=props.provider,
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True) if props.kept else None,
        )
        accept(
            bucket,
            CKV_AWS_18="Only roles of the platform get in, and CloudTrail names them; a second bucket of lines does not.",
            CKV2_AWS_62="Nothing acts on an object being written.",
        )
        if props.kept:
            accept(
                bucket,
                CKV_AWS_144="States are of use only where their platform stands; old versions are kept.",
            )
        self.name, self.arn = bucket.bucket, bucket.arn
        self._close(props)
        # Replication may only be set up once both buckets are versioned: whoever does so depends on this.
        self.versioning = S3BucketVersioningA(
            self,
            ids.VERSIONING,
            bucket=self.name,
            versioning_configuration=S3BucketVersioningVersioningConfiguration(status="Enabled"),
            provider=props.provider,
        )
        self._encrypt(props)
        self._clear_out(props)

    def _close(self, props: PrivateBucketProps) -> None:
        # Access lists are off: the bucket's owner owns every object, and policies alone say who may do what.
        S3BucketOwnershipControls(
            self,
            ids.OWNERSHIP,
            bucket=self.name,
            rule=S3BucketOwnershipControlsRule(object_ownership="BucketOwnerEnforced"),
            provider=props.provider,
        )
        block = S3BucketPublicAccessBlock(
            self,
            ids.PUBLIC_ACCESS,
            bucket=self.name,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            provider=props.provider,
        )
        S3BucketPolicy(
            self,
            ids.POLICY,
            bucket=self.name,
            policy=policy.document(policy.only_by_tls("s3:*", [self.arn, f"{self.arn}/*"])),
            # S3 refuses two such changes of one bucket at once.
            depends_on=[block],
            provider=props.provider,
        )

    def _encrypt(self, props: PrivateBucketProps) -> None:
        by_default = S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA(
            sse_algorithm="aws:kms" if props.key_arn else "AES256", kms_master_key_id=props.key_arn
        )
        S3BucketServerSideEncryptionConfigurationA(
            self,
            ids.ENCRYPTION,
            bucket=self.name,
            rule=[
                S3BucketServerSideEncryptionConfigurationRuleA(
                    apply_server_side_encryption_by_default=by_default,
                    # One call of KMS for many objects instead of one each.
                    bucket_key_enabled=True if props.key_arn else None,
                )
            ],
            provider=props.provider,
        )

    def _clear_out(self, props: PrivateBucketProps) -> None:
        everything = [S3BucketLifecycleConfigurationRuleFilter(prefix="")]
        cheaper = S3BucketLifecycleConfigurationRule(
            id="cheaper-when-unread",
            status="Enabled",
            filter=everything,
            # S3 moves what nobody reads to cheaper tiers and back, and reading costs nothing extra. Fixed moves to
            # an infrequent-access class would make the popular models the expensive ones.
            transition=[
                S3BucketLifecycleConfigurationRuleTransition(days=0, storage_class="INTELLIGENT_TIERING")
            ],
        )
        leftovers = S3BucketLifecycleConfigurationRule(
            id="no-leftovers",
            status="Enabled",
            filter=everything,
            abort_incomplete_multipart_upload=[
                S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload(
                    days_after_initiation=ABANDONED_UPLOAD_DAYS
                )
            ],
            noncurrent_version_expiration=[
                S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration(
                    noncurrent_days=props.old_version_days
                )
            ],
            expiration=[S3BucketLifecycleConfigurationRuleExpiration(expired_object_delete_marker=True)],
        )
        S3BucketLifecycleConfiguration(
            self,
            ids.LIFECYCLE,
            bucket=self.name,
            rule=[cheaper, leftovers] if props.tiers else [leftovers],
            depends_on=[self.versioning],
            provider=props.provider,
        )
