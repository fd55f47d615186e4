"""Where lines are kept: a bucket for each service, which a sink fills, and one exclusion so that nobody keeps them twice.

The project's own default bucket would hold them for everybody who may read logs there.
"""

from dataclasses import dataclass

from cdktf_cdktf_provider_google.logging_project_bucket_config import (
    LoggingProjectBucketConfig,
    LoggingProjectBucketConfigCmekSettings,
)
from cdktf_cdktf_provider_google.logging_project_exclusion import LoggingProjectExclusion
from cdktf_cdktf_provider_google.logging_project_sink import LoggingProjectSink
from constructs import Construct

from infra.cdktf import ids


@dataclass(frozen=True)
class LogStoreProps:
    """`name` is the platform's."""

    name: str
    project: str
    region: str
    retention_days: int
    key_id: str | None


def keep(scope: Construct, what: str, filter_: str, props: LogStoreProps) -> str:
    """Keep the lines that the filter finds; returns the id of their bucket. `what` is a word for them."""
    name = f"{props.name}-{what}"
    cmek = LoggingProjectBucketConfigCmekSettings(kms_key_name=props.key_id) if props.key_id else None
    bucket = LoggingProjectBucketConfig(
        scope,
        f"{ids.LOG_BUCKET}-{what}",
        project=props.project,
        location=props.region,
        bucket_id=name,
        description=f"FlowLlama: lines of {what}",
        retention_days=props.retention_days,
        cmek_settings=cmek,
    )
    LoggingProjectSink(
        scope,
        f"{ids.SINK}-{what}",
        name=name,
        # Within one project a sink may write to a bucket without any grant.
        destination=f"logging.googleapis.com/{bucket.id}",
        filter=filter_,
        unique_writer_identity=True,
    )
    return bucket.id


def keep_nowhere_else(scope: Construct, what: str, filter_: str, props: LogStoreProps) -> None:
    """Leave the lines out of the project's default bucket. Metrics count them all the same."""
    LoggingProjectExclusion(
        scope,
        f"{ids.KEPT_ELSEWHERE}-{what}",
        name=f"{props.name}-{what}",
        description="FlowLlama keeps these in buckets of their own",
        filter=filter_,
    )
