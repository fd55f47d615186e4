"""The bucket that keeps models near the machines, and its copy in a second region where one is wanted.

Models lie under `models/`; that is all an instance's role may touch, and all that is copied.
"""

from dataclasses import dataclass

from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.provider import AwsProvider
from cdktf_cdktf_provider_aws.s3_bucket_replication_configuration import (
    S3BucketReplicationConfigurationA,
    S3BucketReplicationConfigurationRule,
    S3BucketReplicationConfigurationRuleDeleteMarkerReplication,
    S3BucketReplicationConfigurationRuleDestination,
    S3BucketReplicationConfigurationRuleDestinationEncryptionConfiguration,
    S3BucketReplicationConfigurationRuleDestinationMetrics,
    S3BucketReplicationConfigurationRuleFilter,
    S3BucketReplicationConfigurationRuleSourceSelectionCriteria,
    S3BucketReplicationConfigurationRuleSourceSelectionCriteriaSseKmsEncryptedObjects,
)
from constructs import Construct

from infra.cdktf import ids
from infra.cdktf.constructs.aws import policy
from infra.cdktf.constructs.aws.bucket import PrivateBucket, PrivateBucketProps
from infra.cdktf.constructs.aws.grants import Grant, allow, through

PREFIX = "models/"
REPLICATION_RULE = "models"


@dataclass(frozen=True)
class ReplicaProps:
    """The provider is that of the replica's region, and so is the key."""

    bucket: str
    region: str
    provider: AwsProvider
    key_arn: str | None


@dataclass(frozen=True)
class ModelStoreProps:
    bucket: str
    account: str
    region: str
    key_arn: str | None
    replica: ReplicaProps | None = None
    boundary_arn: str | None = None


class ModelStore(Construct):
    def __init__(self, scope: Construct, id_: str, props: ModelStoreProps) -> None:
        super().__init__(scope, id_)
        if props.replica and (props.key_arn is None) != (props.replica.key_arn is None):
            raise ValueError("A model store and its replica have both a key or neither.")
        self._props = props
        self._bucket = PrivateBucket(
            self, ids.MODEL_BUCKET, PrivateBucketProps(name=props.bucket, key_arn=props.key_arn)
        )
        self.bucket, self.arn = self._bucket.name, self._bucket.arn
        self.replica = self._copy_to(props.replica) if props.replica else None

    def _copy_to(self, props: ReplicaProps) -> str:
        replica = PrivateBucket(
            self,
            ids.REPLICA_BUCKET,
            PrivateBucketProps(name=props.bucket, key_arn=props.key_arn, provider=props.provider),
        )
        role = IamRole(
            self,
            ids.REPLICATION_ROLE,
            # A prefix, because names of roles are the account's and bucket names may be longer than theirs.
            name_prefix="flowllama-replication-",
            description="What S3 may do to copy models to the second region",
            # S3's page on this role shows no condition, and one that S3 does not meet would stop every copy.
            assume_role_policy=policy.trust("s3.amazonaws.com", self._props.account, silent=True),
            permissions_boundary=self._props.boundary_arn,
        )
        permission = allow(
            self,
            ids.REPLICATION_POLICY,
            role=role.id,
            name="copy-models",
            grants=self._grants(props, replica),
        )
        S3BucketReplicationConfigurationA(
            self,
            ids.REPLICATION,
            bucket=self.bucket,
            role=role.arn,
            rule=[_rule(props, replica.arn)],
            depends_on=[self._bucket.versioning, replica.versioning, permission],
        )
        return replica.name

    def _grants(self, props: ReplicaProps, replica: PrivateBucket) -> list[Grant]:
        keys = (self._props.key_arn, self._props.region), (props.key_arn, props.region)
        return replication_grants(self.arn, replica.arn, *keys)


def replication_grants(
    source_arn: str, replica_arn: str, source_key: tuple[str | None, str], replica_key: tuple[str | None, str]
) -> list[Grant]:
    """A key comes with its region; both buckets have one or neither."""
    grants = [
        Grant(
            "Look",
            "S3 reads the rule by which it copies, and what there is to copy.",
            ("s3:GetReplicationConfiguration", "s3:ListBucket"),
            (source_arn,),
        ),
        Grant(
            "Read",
            "Reads the models that are copied, each version with what belongs to it.",
            (
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionTagging",
            ),
            (f"{source_arn}/{PREFIX}*",),
        ),
        Grant(
            "Write",
            "Writes the copies in the second region.",
            ("s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"),
            (f"{replica_arn}/{PREFIX}*",),
        ),
    ]
    for sid, action, (key_arn, region) in (
        ("Decrypt", "kms:Decrypt", source_key),
        ("Encrypt", "kms:Encrypt", replica_key),
    ):
        if key_arn:
            why = f"{sid}s what is copied, through S3 alone."
            grants.append(Grant(sid, why, (action,), (key_arn,), through("s3", region)))
    return grants


def _rule(props: ReplicaProps, arn: str) -> S3BucketReplicationConfigurationRule:
    # What a key encrypts is left out by S3 unless the rule asks for it and names a key of the other region.
    encrypted = S3BucketReplicationConfigurationRuleSourceSelectionCriteria(
        sse_kms_encrypted_objects=S3BucketReplicationConfigurationRuleSourceSelectionCriteriaSseKmsEncryptedObjects(
            status="Enabled"
        )
    )
    return S3BucketReplicationConfigurationRule(
        id=REPLICATION_RULE,
        status="Enabled",
        priority=1,
        filter=S3BucketReplicationConfigurationRuleFilter(prefix=PREFIX),
        # A model deleted here by mistake is still there.
        delete_marker_replication=S3BucketReplicationConfigurationRuleDeleteMarkerReplication(
            status="Disabled"
        ),
        source_selection_criteria=encrypted if props.key_arn else None,
        destination=S3BucketReplicationConfigurationRuleDestination(
            bucket=arn,
            # Bytes and objects that wait, and failures: what the alarm on the copy reads.
            metrics=S3BucketReplicationConfigurationRuleDestinationMetrics(status="Enabled"),
            encryption_configuration=S3BucketReplicationConfigurationRuleDestinationEncryptionConfiguration(
                replica_kms_key_id=props.key_arn
            )
            if props.key_arn
            else None,
        ),
    )
