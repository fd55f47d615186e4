"""A spot warning of EC2 reaches health's queue as one of our messages, from every region."""

import json
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from contracts.envelope import Message, decode
from contracts.topology import HEALTH_EVENTS
from contracts.vocabulary import Cloud
from tests.infra.aws.conftest import Build, Synthesised

ACCOUNT, REGION = "123456789012", "us-east-1"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{HEALTH_EVENTS.name}"
BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
WARNING = {
    "Source": "aws.ec2",
    "DetailType": "EC2 Spot Instance Interruption Warning",
    "Time": datetime(2026, 11, 24, 12, 0, tzinfo=UTC),
    "Detail": json.dumps({"instance-id": "i-0abc123def4567890", "instance-action": "terminate"}),
}


@pytest.fixture
def notices(build: Build) -> Synthesised:
    from infra.cdktf.constructs.aws.notices import SpotNotices, SpotNoticesProps

    props = SpotNoticesProps(name="flowllama-test", queue_arn=QUEUE, alarm_topic_arn="arn:aws:sns:::alarms")
    return build(lambda stack: SpotNotices(stack, "notices", props))


@pytest.fixture
def forwarded(build: Build) -> Synthesised:
    from infra.cdktf.constructs.aws.notices import ForwardedNotices, ForwardedNoticesProps

    props = ForwardedNoticesProps(name="flowllama-test-main-eu-west-1", account=ACCOUNT, bus_arn=BUS)
    return build(lambda stack: ForwardedNotices(stack, "notices", props))


def delivered(notices: Synthesised, *warnings: dict[str, Any]) -> list[Message]:
    """What moto's EventBridge makes of the written rule and target, read from its queue."""
    rule, target = notices.only("aws_cloudwatch_event_rule"), notices.only("aws_cloudwatch_event_target")
    (transformer, group) = target["input_transformer"], target["sqs_target"]
    with mock_aws():
        sqs, events = boto3.client("sqs", REGION), boto3.client("events", REGION)
        attributes: Any = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
        url = sqs.create_queue(QueueName=HEALTH_EVENTS.name, Attributes=attributes)["QueueUrl"]
        events.put_rule(Name=rule["name"], EventPattern=rule["event_pattern"])
        made: Any = {
            "Id": "health",
            "Arn": target["arn"],
            "SqsParameters": {"MessageGroupId": group["message_group_id"]},
            "InputTransformer": {
                "InputPathsMap": transformer["input_paths"],
                "InputTemplate": transformer["input_template"],
            },
        }
        events.put_targets(Rule=rule["name"], Targets=[made])
        events.put_events(Entries=list(warnings))  # type: ignore[arg-type]  # the entries are spelt as dictionaries
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [decode(message["Body"]) for message in found]


def test_a_warning_becomes_a_message_that_health_reads(notices: Synthesised) -> None:
    (message,) = delivered(notices, WARNING)

    assert message.type == "instance.interruption_announced.v1"
    assert message.source == "/aws/ec2"
    assert (message.subject, message.partition_key) == ("i-0abc123def4567890", "i-0abc123def4567890")
    assert message.correlation_id == message.id
    assert message.time == WARNING["Time"]
    assert message.data == {
        "cloud": Cloud.AWS,
        "region": REGION,
        "instance_id": "i-0abc123def4567890",
        "action": "terminate",
    }


def test_two_warnings_are_two_messages_and_other_news_of_ec2_none(notices: Synthesised) -> None:
    other = WARNING | {"Detail": json.dumps({"instance-id": "i-1", "instance-action": "stop"})}
    state = WARNING | {"DetailType": "EC2 Instance State-change Notification"}

    ids = {message.subject for message in delivered(notices, WARNING, other, state)}
    assert ids == {"i-0abc123def4567890", "i-1"}


def test_a_warning_is_given_up_when_the_machine_is_gone_and_that_is_told(notices: Synthesised) -> None:
    assert notices.only("aws_cloudwatch_event_target")["retry_policy"]["maximum_event_age_in_seconds"] == 300
    alarm = notices.only("aws_cloudwatch_metric_alarm")
    assert (alarm["namespace"], alarm["metric_name"]) == ("AWS/Events", "FailedInvocations")
    assert alarm["dimensions"] == {"RuleName": notices.only("aws_cloudwatch_event_rule")["name"]}


def test_only_the_rule_may_send_to_the_queue_beside_the_services(build: Build) -> None:
    from infra.cdktf.constructs.aws.notices import rule_arn
    from infra.cdktf.constructs.aws.queues import FifoQueue, FifoQueueProps

    rule = rule_arn("flowllama-test", REGION, ACCOUNT)
    props = FifoQueueProps(
        name="flowllama-test",
        queue=HEALTH_EVENTS,
        account=ACCOUNT,
        region=REGION,
        alarm_topic_arn="arn:aws:sns:::alarms",
        sending_rules=(rule,),
    )
    made = build(lambda stack: FifoQueue(stack, "queue", props))

    (allowed,) = (
        one
        for one in json.loads(made.named("aws_sqs_queue", "name", HEALTH_EVENTS.name)["policy"])["Statement"]
        if one["Effect"] == "Allow"
    )
    assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
    assert (allowed["Action"], allowed["Resource"]) == ("sqs:SendMessage", QUEUE)
    assert allowed["Condition"] == {"ArnEquals": {"aws:SourceArn": [rule]}}
    assert made.named("aws_sqs_queue", "name", HEALTH_EVENTS.name)["content_based_deduplication"] is True
    dead_letters = made.named("aws_sqs_queue", "name", HEALTH_EVENTS.dead_letter)
    assert dead_letters["content_based_deduplication"] is False
    assert "events.amazonaws.com" not in dead_letters["policy"]


def test_the_longest_names_fit_and_stay_different(build: Build) -> None:
    from infra.cdktf.constructs.aws.notices import ForwardedNotices, ForwardedNoticesProps

    def made(network: str) -> tuple[str, str]:
        name = f"flowllama-{'e' * 16}-{network}-ap-southeast-2"
        props = ForwardedNoticesProps(name=name, account=ACCOUNT, bus_arn=BUS)
        written = build(lambda stack: ForwardedNotices(stack, "notices", props))
        return written.only("aws_iam_role")["name"], written.only("aws_cloudwatch_event_rule")["name"]

    one, other = made("n" * 16), made("n" * 15 + "m")
    assert max(map(len, one + other)) <= 64
    assert one[0] != other[0]
    assert one[1] != other[1]


def test_another_region_forwards_to_the_platforms_bus_and_may_do_nothing_else(
    forwarded: Synthesised,
) -> None:
    assert forwarded.only("aws_cloudwatch_event_target")["arn"] == BUS
    role = forwarded.only("aws_iam_role")
    trusted = json.loads(role["assume_role_policy"])["Statement"][0]
    assert trusted["Principal"] == {"Service": "events.amazonaws.com"}
    assert trusted["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    (allowed,) = json.loads(forwarded.only("aws_iam_role_policy")["policy"])["Statement"]
    assert (allowed["Action"], allowed["Resource"]) == ("events:PutEvents", BUS)
