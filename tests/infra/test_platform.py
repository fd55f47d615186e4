"""The platform stack puts the pieces together: every queue, one key, one topic, and logs out of an instance's reach."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.stack_model import PlatformSpec
from contracts.stack_platform import PLATFORM_OUTPUTS, RUNTIME_OUTPUTS
from contracts.topology import QUEUES
from infra.cdktf import __main__ as command
from infra.cdktf import samples

Platform = Callable[..., dict[str, Any]]


@pytest.fixture
def platform(write_stack: Any, tmp_path: Path) -> Platform:
    return lambda **changes: write_stack(samples.platform(**changes), tmp_path)


def test_the_page_names_every_queue_input_and_output() -> None:
    page = (Path(__file__).parents[2] / "docs" / "infrastructure-aws.md").read_text(encoding="utf-8")
    own = {field.name for field in dataclasses.fields(PlatformSpec)} - {"kind", "version", "cloud"}

    assert [name for name in (*PLATFORM_OUTPUTS, *sorted(own)) if f"`{name}`" not in page] == []
    assert [queue.name for queue in QUEUES if f"[{queue.name.removesuffix('.fifo')}]" not in page] == []


def test_every_queue_of_the_topology_stands_with_its_dead_letters(platform: Platform) -> None:
    document = platform()

    names = {queue["name"] for queue in document["resource"]["aws_sqs_queue"].values()}
    assert names == {queue.name for queue in QUEUES} | {queue.dead_letter for queue in QUEUES}
    assert set(document["output"]["queue_urls"]["value"]) == {queue.name for queue in QUEUES}
    assert set(document["output"]["dead_letter_arns"]["value"]) == {queue.name for queue in QUEUES}


def test_outputs_have_the_names_of_the_contract(platform: Platform) -> None:
    assert set(platform()["output"]) == set(PLATFORM_OUTPUTS)
    small = platform(customer_key=False, replica=None)
    assert set(small["output"]) == set(PLATFORM_OUTPUTS) - {"model_key_arn", "replica_bucket"}
    bare = platform(runtime=None)
    assert set(bare["output"]) == set(PLATFORM_OUTPUTS) - set(RUNTIME_OUTPUTS)


def test_all_alarms_tell_the_one_topic_and_are_on_the_dashboard(platform: Platform) -> None:
    resources = platform()["resource"]
    alarms = resources["aws_cloudwatch_metric_alarm"]
    ((topic, _),) = resources["aws_sns_topic"].items()
    (dashboard,) = resources["aws_cloudwatch_dashboard"].values()
    shown = json.loads(dashboard["dashboard_body"])["widgets"][0]["properties"]["alarms"]

    # Three a queue, one a service, one for the copy of the models, one for notices that don't arrive, the gateway's.
    assert len(alarms) == 3 * len(QUEUES) + 5 + 3
    assert all(alarm["alarm_actions"] == [f"${{aws_sns_topic.{topic}.arn}}"] for alarm in alarms.values())
    assert set(shown) == {f"${{aws_cloudwatch_metric_alarm.{name}.arn}}" for name in alarms}
    assert len({alarm["alarm_name"] for alarm in alarms.values()}) == len(alarms)


def test_the_topic_admits_every_alarm_there_is(platform: Platform) -> None:
    resources = platform()["resource"]
    (policy,) = resources["aws_sns_topic_policy"].values()
    (admitted,) = [one for one in json.loads(policy["policy"])["Statement"] if one["Effect"] == "Allow"]
    prefix = admitted["Condition"]["ArnLike"]["aws:SourceArn"].rpartition(":")[2].removesuffix("*")

    assert prefix == "flowllama-sample-"
    assert all(a["alarm_name"].startswith(prefix) for a in resources["aws_cloudwatch_metric_alarm"].values())


def test_an_instance_can_not_write_what_a_service_says(
    write_stack: Any, platform: Platform, tmp_path: Path
) -> None:
    network = write_stack(samples.network(lean=True), tmp_path / "network")
    (role,) = network["resource"]["aws_iam_role_policy"].values()
    groups = {group["name"] for group in platform()["resource"]["aws_cloudwatch_log_group"].values()}

    (allowed, _) = json.loads(role["policy"])["Statement"][0]["Resource"]
    writable = allowed.rpartition(":log-group:")[2].removesuffix("*")
    assert len(groups) == 6
    assert not any(group.startswith(writable) for group in groups)


def test_the_key_lets_logs_in_for_exactly_these_groups(platform: Platform) -> None:
    resources = platform()["resource"]
    keys = {key["description"]: json.loads(key["policy"]) for key in resources["aws_kms_key"].values()}
    allowed = {one["Sid"]: one for one in keys["FlowLlama: flowllama-sample"]["Statement"]}
    pattern = allowed["Logs"]["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]

    assert {one["Sid"] for one in keys["FlowLlama: flowllama-sample-replica"]["Statement"]} == {"Account"}
    prefix = pattern.rpartition(":log-group:")[2].removesuffix("*")
    assert all(g["name"].startswith(prefix) for g in resources["aws_cloudwatch_log_group"].values())


def test_without_a_key_of_its_own_everything_falls_back_to_that_of_aws(platform: Platform) -> None:
    resources = platform(customer_key=False)["resource"]

    assert "aws_kms_key" not in resources
    assert all("kms_key_id" not in group for group in resources["aws_cloudwatch_log_group"].values())
    for encryption in resources["aws_s3_bucket_server_side_encryption_configuration"].values():
        (rule,) = encryption["rule"]
        assert rule["apply_server_side_encryption_by_default"]["sse_algorithm"] == "AES256"


def test_the_replicas_provider_is_bound_like_the_first(platform: Platform) -> None:
    first, replica = platform()["provider"]["aws"]

    assert (replica["alias"], replica["region"]) == ("replica", "us-west-2")
    for same in ("allowed_account_ids", "max_retries", "default_tags"):
        assert first[same] == replica[same]


def test_a_replica_that_is_given_up_leaves_its_provider_so_that_it_can_be_removed(platform: Platform) -> None:
    document = platform(replica=samples.platform()["replica"] | {"enabled": False})

    assert [provider.get("alias") for provider in document["provider"]["aws"]] == [None, "replica"]
    assert "replica_bucket" not in document["output"]
    assert "aws_s3_bucket_replication_configuration" not in document["resource"]
    assert not any("provider" in one for kind in document["resource"].values() for one in kind.values())


def test_a_spec_in_a_file_becomes_its_stack(write_stack: Any, tmp_path: Path) -> None:
    spec = tmp_path / "platform.json"
    spec.write_text(json.dumps(samples.platform(environment="blue")))

    assert command.main(["synth", "--spec", str(spec), "--out", str(tmp_path / "out")]) == 0
    document = json.loads((tmp_path / "out" / "cdk.tf.json").read_text())
    assert document["output"]["log_groups"]["value"].keys() == {
        "auth",
        "deployments",
        "pricing",
        "agent",
        "health",
    }


def test_a_wrong_spec_is_named_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = tmp_path / "platform.json"
    spec.write_text(json.dumps(samples.platform(model_bucket="Not.A.Bucket")))

    assert command.main(["synth", "--spec", str(spec), "--out", str(tmp_path / "out")]) == 1
    assert "model_bucket" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
