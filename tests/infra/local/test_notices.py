"""A machine that is preempted in the local cloud is announced as EventBridge would announce it."""

import boto3
import pytest
from moto import mock_aws

from contracts.envelope import decode
from contracts.topology import HEALTH_EVENTS
from infra.local import queues
from infra.local.cloud import notices

REGION = "us-east-1"


def test_the_message_is_on_healths_queue_without_a_deduplication_id_of_ours() -> None:
    with mock_aws():
        sqs = boto3.client("sqs", REGION)
        queues.create_queues(sqs)

        notices.to_queue(REGION)("i-0abc123def4567890", "eu-west-1")

        url = sqs.get_queue_url(QueueName=HEALTH_EVENTS.name)["QueueUrl"]
        (sent,) = sqs.receive_message(QueueUrl=url)["Messages"]
    message = decode(sent["Body"])
    assert message.type == "instance.interruption_announced.v1"
    assert message.data["instance_id"] == message.subject == "i-0abc123def4567890"
    assert message.data["region"] == "eu-west-1"


def test_two_announcements_of_one_machine_are_two_messages() -> None:
    first, second = (decode(notices.message("i-1", REGION)) for _ in range(2))

    assert first.id != second.id


def test_a_queue_that_is_away_stops_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    with mock_aws():
        notices.to_queue(REGION)("i-1", REGION)

    assert "notice_not_delivered" in capsys.readouterr().out
