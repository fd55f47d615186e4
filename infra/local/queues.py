"""`python -m infra.local.queues`: create every queue of the topology and the state bucket. Safe to repeat.

The emulator forgets its queues when it is killed, so this runs each time it has started. Messages that were in
them are sent again by the services' own sweeps.
"""

import contextlib
import json
from typing import TYPE_CHECKING

import boto3

from contracts.topology import BROKER_MAX_RECEIVES, QUEUES, RETENTION_DAYS, VISIBILITY_TIMEOUT_S
from services.chassis.config import read

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_sqs.client import SQSClient

_RETENTION_S = RETENTION_DAYS * 24 * 3600


def main() -> None:
    bucket = read(lambda env: env.str("STATE_BUCKET"))
    create_queues(boto3.client("sqs"))
    create_bucket(boto3.client("s3"), bucket)
    print(json.dumps({"event": "queues_created", "queues": len(QUEUES), "bucket": bucket}))


def create_queues(client: "SQSClient") -> None:
    """The dead-letter queue comes first, because its queue names it."""
    for queue in QUEUES:
        dead_letters = _create(client, queue.dead_letter, {})
        policy = {"deadLetterTargetArn": dead_letters, "maxReceiveCount": BROKER_MAX_RECEIVES}
        own = {
            "VisibilityTimeout": str(VISIBILITY_TIMEOUT_S),
            "ContentBasedDeduplication": str(queue.from_cloud).lower(),
        }
        _create(client, queue.name, {"RedrivePolicy": json.dumps(policy), **own})


def create_bucket(client: "S3Client", name: str) -> None:
    """Versioned, as Terraform's documentation asks of a state bucket. One that is there keeps its objects."""
    with contextlib.suppress(client.exceptions.BucketAlreadyOwnedByYou):
        client.create_bucket(Bucket=name)
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})


def _create(client: "SQSClient", name: str, attributes: dict[str, str]) -> str:
    """Create a FIFO queue and return its ARN. An existing one with the same attributes is left alone."""
    base = {"FifoQueue": "true", "MessageRetentionPeriod": str(_RETENTION_S)}
    url = client.create_queue(QueueName=name, Attributes={**base, **attributes})["QueueUrl"]  # type: ignore[dict-item]  # keys are names
    return client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


if __name__ == "__main__":
    main()
