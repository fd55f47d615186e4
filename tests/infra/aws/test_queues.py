"""A queue never stands without its dead-letter queue and its alarms."""

import dataclasses
import json

import pytest

from contracts import topology
from contracts.topology import BROKER_MAX_RECEIVES, QUEUES, Queue
from tests.infra.aws.conftest import Build, Synthesised

ALARMS = "arn:aws:sns:us-east-1:123456789012:alarms"
OF_AN_ARN = "arn:aws:sqs:us-east-1:123456789012:"


@pytest.fixture
def queue(build: Build) -> Synthesised:
    return one(build, topology.HEALTH_EVENTS)


def one(build: Build, queue: Queue) -> Synthesised:
    from infra.cdktf.constructs.aws.queues import FifoQueue, FifoQueueProps

    props = FifoQueueProps(
        name="flowllama-test",
        queue=queue,
        account="123456789012",
        region="us-east-1",
        alarm_topic_arn=ALARMS,
    )
    return build(lambda stack: FifoQueue(stack, "queue", props))


@pytest.mark.parametrize("wanted", QUEUES, ids=lambda queue: queue.name)
def test_every_queue_sends_its_dead_letters_to_its_own_queue_and_only_it_may(
    build: Build, wanted: Queue
) -> None:
    made = one(build, wanted)
    assert {queue["name"] for queue in made.all("aws_sqs_queue")} == {wanted.name, wanted.dead_letter}

    redrive = json.loads(made.named("aws_sqs_queue", "name", wanted.name)["redrive_policy"])
    assert redrive["maxReceiveCount"] == BROKER_MAX_RECEIVES
    (address,) = (
        name
        for name, queue in made.document["resource"]["aws_sqs_queue"].items()
        if queue["name"] == wanted.dead_letter
    )
    assert redrive["deadLetterTargetArn"] == f"${{aws_sqs_queue.{address}.arn}}"

    allowed = json.loads(made.named("aws_sqs_queue", "name", wanted.dead_letter)["redrive_allow_policy"])
    assert allowed == {"redrivePermission": "byQueue", "sourceQueueArns": [OF_AN_ARN + wanted.name]}


def test_redrive_rules_are_written_as_sqs_gives_them_back(queue: Synthesised) -> None:
    # Terraform compares them as text: with spaces every plan would hold a change.
    for name, rule in (
        ("health-events.fifo", "redrive_policy"),
        ("health-events-dlq.fifo", "redrive_allow_policy"),
    ):
        assert " " not in queue.named("aws_sqs_queue", "name", name)[rule]


def test_no_prop_leaves_the_dead_letter_queue_out() -> None:
    from infra.cdktf.constructs.aws.queues import FifoQueueProps

    fields = {field.name for field in dataclasses.fields(FifoQueueProps)}
    assert fields == {"name", "queue", "account", "region", "alarm_topic_arn", "sending_rules"}


def test_both_queues_keep_order_and_time_and_are_encrypted(queue: Synthesised) -> None:
    for made in queue.all("aws_sqs_queue"):
        assert made["fifo_queue"] is True
        assert made["sqs_managed_sse_enabled"] is True
        assert made["visibility_timeout_seconds"] == topology.VISIBILITY_TIMEOUT_S
        assert made["message_retention_seconds"] == topology.RETENTION_DAYS * 86_400


def test_nobody_reaches_either_in_the_clear(queue: Synthesised) -> None:
    for made in queue.all("aws_sqs_queue"):
        (statement,) = json.loads(made["policy"])["Statement"]
        assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "sqs:*")
        assert statement["Resource"] == [OF_AN_ARN + made["name"]]
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_depth_age_and_any_dead_letter_reach_the_topic(queue: Synthesised) -> None:
    alarms = queue.all("aws_cloudwatch_metric_alarm")
    watched = {
        (alarm["metric_name"], alarm["dimensions"]["QueueName"]): alarm["threshold"] for alarm in alarms
    }

    assert watched == {
        ("ApproximateNumberOfMessagesVisible", "health-events.fifo"): 1000,
        ("ApproximateAgeOfOldestMessage", "health-events.fifo"): 900,
        ("ApproximateNumberOfMessagesVisible", "health-events-dlq.fifo"): 0,
    }
    for alarm in alarms:
        assert alarm["alarm_actions"] == alarm["ok_actions"] == [ALARMS]
        assert alarm["comparison_operator"] == "GreaterThanThreshold"
        assert alarm["treat_missing_data"] == "notBreaching"
        assert alarm["alarm_name"].startswith("flowllama-test-health-events-")


def test_a_command_may_be_as_old_as_a_machine_takes_to_start(build: Build) -> None:
    alarms = one(build, topology.AGENT_COMMANDS_PAID).all("aws_cloudwatch_metric_alarm")

    (age,) = (alarm for alarm in alarms if alarm["metric_name"] == "ApproximateAgeOfOldestMessage")
    assert age["threshold"] == 3600
