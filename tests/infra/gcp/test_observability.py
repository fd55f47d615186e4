"""What tells an operator how the platform is: lines kept by service, errors counted, alarms by mail, a dashboard."""

import json

from contracts.topology import QUEUES
from infra.cdktf.processes import PROCESSES
from tests.infra.gcp.conftest import Stacks
from tests.infra.gcp.test_queues import named
from tests.infra.test_stacks import only

PLATFORM, BARE = "gcp-platform", "platform-bare"
SERVICES = ("agent", "auth", "deployments", "health", "pricing")


def test_every_service_keeps_its_lines_in_a_bucket_of_its_own(stacks: Stacks) -> None:
    buckets = named(stacks, "google_logging_project_bucket_config", "bucket_id")
    sinks = named(stacks, "google_logging_project_sink")

    assert set(buckets) == set(sinks) == {f"flowllama-sample-{name}" for name in (*SERVICES, "gateway")}
    for bucket in buckets.values():
        assert bucket["retention_days"] == 30
        assert bucket["location"] == "us-central1"
        assert "customer-key_key-user-logging" in bucket["cmek_settings"]["kms_key_name"]
    for sink in sinks.values():
        assert sink["destination"].startswith(
            "logging.googleapis.com/${google_logging_project_bucket_config."
        )


def test_without_a_runtime_or_key_lines_are_kept_all_the_same(stacks: Stacks) -> None:
    buckets = named(stacks, "google_logging_project_bucket_config", "bucket_id", BARE)

    assert {(bucket["retention_days"], "cmek_settings" in bucket) for bucket in buckets.values()} == {
        (7, False)
    }
    assert set(buckets) == {f"flowllama-sample-{service}" for service in SERVICES}


def test_the_lines_of_every_process_are_found_and_kept_only_once(stacks: Stacks) -> None:
    sinks = " ".join(sink["filter"] for sink in named(stacks, "google_logging_project_sink").values())
    kept_elsewhere = named(stacks, "google_logging_project_exclusion")["flowllama-sample-services"]["filter"]

    for process in PROCESSES:
        assert f'"flowllama-sample-{process.name}"' in sinks
        assert f'"flowllama-sample-{process.name}"' in kept_elsewhere


def test_a_line_is_looked_for_under_the_kind_of_thing_that_writes_it(stacks: Stacks) -> None:
    resources = stacks[PLATFORM]["resource"]
    text = " ".join(sink["filter"] for sink in resources["google_logging_project_sink"].values())

    for kind, found, label in (
        ("cloud_run_revision", resources["google_cloud_run_v2_service"], "service_name"),
        ("cloud_run_worker_pool", resources["google_cloud_run_v2_worker_pool"], "worker_pool_name"),
    ):
        for body in found.values():
            assert f'(resource.type="{kind}" AND resource.labels.{label}="{body["name"]}")' in text


def test_more_than_five_errors_in_five_minutes_are_news(stacks: Stacks) -> None:
    metrics = named(stacks, "google_logging_metric")
    policies = named(stacks, "google_monitoring_alert_policy", "display_name")

    for service in SERVICES:
        assert metrics[f"flowllama-sample-{service}-errors"]["filter"].endswith(
            'AND jsonPayload.level=("error" OR "critical")'
        )
        for condition in policies[f"flowllama-sample-{service}-errors"]["conditions"]:
            threshold = condition["condition_threshold"]
            assert threshold["threshold_value"] == 5
            # By reference: Google refuses an alarm on a metric that does not stand yet.
            assert "user/${google_logging_metric.observability_errors-" in threshold["filter"]
            assert threshold["aggregations"][0]["per_series_aligner"] == "ALIGN_DELTA"


def test_a_service_with_two_kinds_of_processes_is_watched_in_both(stacks: Stacks) -> None:
    policy = named(stacks, "google_monitoring_alert_policy", "display_name")[
        "flowllama-sample-deployments-errors"
    ]
    filters = [condition["condition_threshold"]["filter"] for condition in policy["conditions"]]

    assert policy["combiner"] == "OR"
    assert [text.rpartition("resource.type=")[2] for text in filters] == [
        '"cloud_run_revision"',
        '"cloud_run_worker_pool"',
    ]


def test_a_model_that_could_not_be_copied_is_news(stacks: Stacks) -> None:
    job = only(stacks[PLATFORM], "google_storage_transfer_job")
    metric = named(stacks, "google_logging_metric")["flowllama-sample-copy-failures"]

    assert job["logging_config"] == {"log_actions": ["FIND", "COPY"], "log_action_states": ["FAILED"]}
    # One of ours would stay taken for thirty days after the job.
    assert "name" not in job
    assert 'resource.labels.job_id=~"${trimprefix(google_storage_transfer_job.' in metric["filter"]
    assert "flowllama-sample-replication" in named(stacks, "google_monitoring_alert_policy", "display_name")
    assert "flowllama-sample-replication" not in named(
        stacks, "google_monitoring_alert_policy", "display_name", BARE
    )


def test_every_alarm_mails_every_address_and_ends_by_itself(stacks: Stacks) -> None:
    channel = only(stacks[PLATFORM], "google_monitoring_notification_channel")

    assert (channel["type"], channel["labels"]) == ("email", {"email_address": "operations@example.com"})
    # An address that is given up: Google keeps its channel until no alarm names it any more.
    assert channel["lifecycle"] == {"create_before_destroy": True}
    for policy in named(stacks, "google_monitoring_alert_policy", "display_name").values():
        assert len(policy["notification_channels"]) == 1
        assert policy["alert_strategy"] == {"auto_close": "1800s"}
        assert policy["documentation"]["content"]


def test_the_dashboard_shows_every_alarm_and_every_queue(stacks: Stacks) -> None:
    board = json.loads(only(stacks[PLATFORM], "google_monitoring_dashboard")["dashboard_json"])
    tiles = {tile["widget"]["title"]: tile["widget"] for tile in board["mosaicLayout"]["tiles"]}
    policies = stacks[PLATFORM]["resource"]["google_monitoring_alert_policy"]

    assert set(tiles["Alarms"]["incidentList"]["policyNames"]) == {
        f"${{google_monitoring_alert_policy.{at}.name}}" for at in policies
    }
    for title in ("Messages that wait", "Oldest message, in seconds", "Dead letters"):
        assert len(tiles[title]["xyChart"]["dataSets"]) == len(QUEUES)


def test_the_dashboards_tiles_do_not_lie_on_each_other(stacks: Stacks) -> None:
    board = json.loads(only(stacks[BARE], "google_monitoring_dashboard")["dashboard_json"])
    covered = [
        (x, y)
        for tile in board["mosaicLayout"]["tiles"]
        for x in range(tile.get("xPos", 0), tile.get("xPos", 0) + tile["width"])
        for y in range(tile.get("yPos", 0), tile.get("yPos", 0) + tile["height"])
    ]

    assert len(covered) == len(set(covered))
    # Google leaves a zero out of what it gives back, and every plan would see a change.
    assert all(tile.get(side) != 0 for tile in board["mosaicLayout"]["tiles"] for side in ("xPos", "yPos"))
    assert max(x for x, _ in covered) < board["mosaicLayout"]["columns"]
