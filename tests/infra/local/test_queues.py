"""The broker gets exactly the queues of the topology, each with its dead-letter queue; repeating it is harmless."""

import json
from typing import Any

import boto3
from moto import mock_aws

from contracts.topology import BROKER_MAX_RECEIVES, QUEUES, VISIBILITY_TIMEOUT_S
from infra.local.queues import create_bucket, create_queues


@mock_aws
def test_every_queue_of_the_topology_exists_with_its_dead_letter_queue() -> None:
    client = boto3.client("sqs", region_name="us-east-1")

    create_queues(client)
    create_queues(client)

    names = {url.rpartition("/")[2] for url in client.list_queues()["QueueUrls"]}
    assert names == {name for queue in QUEUES for name in (queue.name, queue.dead_letter)}
    for queue in QUEUES:
        attributes = _attributes(client, queue.name)
        policy = json.loads(attributes["RedrivePolicy"])
        assert policy["deadLetterTargetArn"].endswith(f":{queue.dead_letter}")
        assert policy["maxReceiveCount"] == BROKER_MAX_RECEIVES
        assert attributes["VisibilityTimeout"] == str(VISIBILITY_TIMEOUT_S)
        assert attributes["FifoQueue"] == "true"


@mock_aws
def test_the_state_bucket_is_versioned() -> None:
    client = boto3.client("s3", region_name="us-east-1")

    create_bucket(client, "flowllama-state")
    create_bucket(client, "flowllama-state")

    assert client.get_bucket_versioning(Bucket="flowllama-state")["Status"] == "Enabled"


def _attributes(client: Any, name: str) -> dict[str, str]:
    url = client.get_queue_url(QueueName=name)["QueueUrl"]
    found: dict[str, str] = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return found
