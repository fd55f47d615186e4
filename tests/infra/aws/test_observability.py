"""Logs end and are encrypted, every alarm has somebody to tell, and the dashboard shows what there is."""

import json
from typing import Any

import pytest

from tests.infra.aws.conftest import Build, Synthesised

KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-1111-1111-1111-111111111111"
TOPIC = "arn:aws:sns:us-east-1:123456789012:alarms"
STANDING = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:standing"


@pytest.fixture
def seen(build: Build) -> Synthesised:
    return build(observability)


@pytest.fixture
def topic(build: Build) -> Synthesised:
    from infra.cdktf.constructs.aws.observability import AlarmTopic, AlarmTopicProps

    props = AlarmTopicProps(
        name="flowllama-test",
        account="123456789012",
        region="us-east-1",
        key_arn=KEY,
        emails=("a@example.com", "b@example.com"),
    )
    return build(lambda stack: AlarmTopic(stack, "topic", props))


def observability(stack: Any) -> Any:
    from infra.cdktf.constructs.aws.alarm import AlarmRule
    from infra.cdktf.constructs.aws.observability import Observability, ObservabilityProps

    extra = AlarmRule(
        id="extra",
        name="flowllama-test-extra",
        description="One more.",
        namespace="AWS/S3",
        metric="Lost",
        dimensions={"Bucket": "models"},
        above=2,
    )
    props = ObservabilityProps(
        name="flowllama-test",
        region="us-east-1",
        services=("auth", "agent"),
        log_groups="/flowllama-services/test",
        retention_days=14,
        key_arn=KEY,
        alarm_topic_arn=TOPIC,
        alarms=(extra,),
        queues=(("a.fifo", "a-dlq.fifo"), ("b.fifo", "b-dlq.fifo")),
        bucket="models",
    )
    made = Observability(stack, "observability", props)
    made.show([STANDING])
    return made


def test_each_service_has_an_encrypted_log_that_ends(seen: Synthesised) -> None:
    groups = seen.all("aws_cloudwatch_log_group")

    assert [group["name"] for group in groups] == [
        "/flowllama-services/test/agent",
        "/flowllama-services/test/auth",
    ]
    assert all((group["retention_in_days"], group["kms_key_id"]) == (14, KEY) for group in groups)


def test_errors_in_a_log_are_counted_and_a_handful_is_an_alarm(seen: Synthesised) -> None:
    counted = seen.named("aws_cloudwatch_log_metric_filter", "name", "agent-errors")
    transformation = counted["metric_transformation"]
    alarm = seen.named("aws_cloudwatch_metric_alarm", "alarm_name", "flowllama-test-agent-errors")

    assert counted["pattern"] == '{ $.level = "error" || $.level = "critical" }'
    assert (alarm["namespace"], alarm["metric_name"]) == (transformation["namespace"], transformation["name"])
    assert (alarm["statistic"], alarm["threshold"], alarm["period"]) == ("Sum", 5, 300)


def test_every_alarm_tells_the_topic(seen: Synthesised) -> None:
    alarms = seen.all("aws_cloudwatch_metric_alarm")

    assert len(alarms) == 3
    assert all(alarm["alarm_actions"] == alarm["ok_actions"] == [TOPIC] for alarm in alarms)


def test_the_dashboard_shows_all_queues_errors_and_alarms(seen: Synthesised) -> None:
    widgets = json.loads(seen.only("aws_cloudwatch_dashboard")["dashboard_body"])["widgets"]
    shown = {widget["properties"]["title"]: widget["properties"] for widget in widgets}

    assert {metric[-1] for metric in shown["Messages that wait"]["metrics"]} == {"a.fifo", "b.fifo"}
    assert {metric[-1] for metric in shown["Dead letters"]["metrics"]} == {"a-dlq.fifo", "b-dlq.fifo"}
    assert [metric[1] for metric in shown["Errors that services log"]["metrics"]] == [
        "auth-errors",
        "agent-errors",
    ]
    assert len(shown["Alarms"]["alarms"]) == 4
    assert STANDING in shown["Alarms"]["alarms"]
    assert all(widget["x"] + widget["width"] <= 24 for widget in widgets)


def test_a_platform_in_each_region_has_a_dashboard_of_its_own(seen: Synthesised) -> None:
    """Dashboards are the account's; one of the same name would be overwritten."""
    assert seen.only("aws_cloudwatch_dashboard")["dashboard_name"] == "flowllama-test-us-east-1"


def test_only_alarms_of_this_environment_publish(topic: Synthesised) -> None:
    may = topic.statements("aws_sns_topic_policy")

    assert may["OnlyByTls"]["Effect"] == "Deny"
    assert {sid for sid, one in may.items() if one["Effect"] == "Allow"} == {"Alarms"}
    assert may["Alarms"]["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert may["Alarms"]["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "123456789012"},
        "ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:flowllama-test-*"},
    }


def test_the_topic_is_encrypted_and_everybody_named_hears_of_it(topic: Synthesised) -> None:
    assert topic.only("aws_sns_topic")["kms_master_key_id"] == KEY
    heard = [(one["protocol"], one["endpoint"]) for one in topic.all("aws_sns_topic_subscription")]
    assert sorted(heard) == [("email", "a@example.com"), ("email", "b@example.com")]
