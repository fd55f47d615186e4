"""The model store of a platform, and its copy in a second region where one is wanted."""

from contracts.stack_model import PlatformSpec
from infra.cdktf import ids
from infra.cdktf.constructs.aws.alarm import AlarmRule
from infra.cdktf.constructs.aws.key import CustomerKey, CustomerKeyProps
from infra.cdktf.constructs.aws.model_store import (
    REPLICATION_RULE,
    ModelStore,
    ModelStoreProps,
    ReplicaProps,
)
from infra.cdktf.stacks.base import AwsStack


def model_store(
    stack: AwsStack, spec: PlatformSpec, name: str, key_arn: str | None, boundary_arn: str | None
) -> ModelStore:
    return ModelStore(
        stack,
        ids.MODEL_STORE,
        ModelStoreProps(
            bucket=spec.model_bucket,
            account=spec.account,
            region=spec.region,
            key_arn=key_arn,
            replica=_replica(stack, spec, name),
            boundary_arn=boundary_arn,
        ),
    )


def copy_alarms(spec: PlatformSpec, name: str) -> tuple[AlarmRule, ...]:
    if spec.replica is None or not spec.replica.enabled:
        return ()
    failed = AlarmRule(
        id=f"{ids.ALARM}-replication",
        name=f"{name}-replication",
        description="A model could not be copied to the second region.",
        namespace="AWS/S3",
        metric="OperationsFailedReplication",
        dimensions={
            "SourceBucket": spec.model_bucket,
            "DestinationBucket": spec.replica.bucket,
            "RuleId": REPLICATION_RULE,
        },
        above=0,
        statistic="Sum",
    )
    return (failed,)


def _replica(stack: AwsStack, spec: PlatformSpec, name: str) -> ReplicaProps | None:
    wanted = spec.replica
    if wanted is None:
        return None
    provider = stack.add_provider(ids.REPLICA_PROVIDER, spec, wanted.region, alias="replica")
    if not wanted.enabled:
        return None
    key_arn = None
    if spec.customer_key:
        props = CustomerKeyProps(
            name=f"{name}-replica", account=spec.account, region=wanted.region, provider=provider
        )
        key_arn = CustomerKey(stack, ids.REPLICA_KEY, props).arn
    return ReplicaProps(bucket=wanted.bucket, region=wanted.region, provider=provider, key_arn=key_arn)
