"""Every queue of the topology with its dead letters, the grants that move them, and three alarms."""

from typing import Any

import pytest

from contracts.topology import QUEUES
from tests.infra.gcp.conftest import Stacks

PLATFORM = "gcp-platform"
AGENT = "gcp-sa-pubsub.iam.gserviceaccount.com"
NAMES = sorted(queue.name.removesuffix(".fifo") for queue in QUEUES)


def named(stacks: Stacks, kind: str, field: str = "name", stack: str = PLATFORM) -> dict[str, dict[str, Any]]:
    return {body[field]: body for body in stacks[stack]["resource"][kind].values()}


def address_of(stacks: Stacks, kind: str, name: str) -> str:
    (found,) = (at for at, body in stacks[PLATFORM]["resource"][kind].items() if body["name"] == name)
    return f"{kind}.{found}"


def subscriptions(stacks: Stacks) -> dict[str, dict[str, Any]]:
    """By the topic's address, because they are named by reference."""
    found = stacks[PLATFORM]["resource"]["google_pubsub_subscription"].values()
    return {body["topic"].removeprefix("${").removesuffix(".id}"): body for body in found}


def test_each_queue_is_a_topic_beside_its_dead_letters_and_nothing_else(stacks: Stacks) -> None:
    topics = named(stacks, "google_pubsub_topic")

    assert set(topics) == {name for one in NAMES for name in (one, f"{one}-dlq")}
    assert set(subscriptions(stacks)) == {
        address_of(stacks, "google_pubsub_topic", name) for name in topics
    }, "a topic without a subscription loses what is sent to it"


@pytest.mark.parametrize("name", NAMES)
def test_a_queue_keeps_order_and_time_as_the_topology_says(stacks: Stacks, name: str) -> None:
    queue = subscriptions(stacks)[address_of(stacks, "google_pubsub_topic", name)]

    assert queue["enable_message_ordering"] is True
    assert queue["ack_deadline_seconds"] == 60
    assert queue["message_retention_duration"] == f"{14 * 24 * 3600}s"
    assert queue["expiration_policy"] == {"ttl": ""}
    assert queue["enable_exactly_once_delivery"] is False
    assert queue["dead_letter_policy"] == {
        "dead_letter_topic": f"${{{address_of(stacks, 'google_pubsub_topic', f'{name}-dlq')}.id}}",
        "max_delivery_attempts": 100,
    }


@pytest.mark.parametrize("name", NAMES)
def test_dead_letters_never_expire_and_are_all_seen_at_once(stacks: Stacks, name: str) -> None:
    letters = subscriptions(stacks)[address_of(stacks, "google_pubsub_topic", f"{name}-dlq")]

    assert letters["expiration_policy"] == {"ttl": ""}
    assert letters["message_retention_duration"] == f"{14 * 24 * 3600}s"
    assert letters["enable_message_ordering"] is False
    assert "dead_letter_policy" not in letters


@pytest.mark.parametrize("name", NAMES)
def test_pubsub_itself_may_move_a_message_to_the_dead_letters(stacks: Stacks, name: str) -> None:
    resources = stacks[PLATFORM]["resource"]
    dead = f"${{{address_of(stacks, 'google_pubsub_topic', f'{name}-dlq')}.name}}"
    (sends,) = (
        at
        for at, grant in resources["google_pubsub_topic_iam_member"].items()
        if grant["topic"] == dead and AGENT in grant["member"]
    )
    queue = subscriptions(stacks)[address_of(stacks, "google_pubsub_topic", name)]

    assert resources["google_pubsub_topic_iam_member"][sends]["role"] == "roles/pubsub.publisher"
    assert queue["depends_on"] == [f"google_pubsub_topic_iam_member.{sends}"]
    takes = [
        grant["role"]
        for grant in resources["google_pubsub_subscription_iam_member"].values()
        if AGENT in grant["member"]
        and resources["google_pubsub_subscription"][grant["subscription"].split(".")[1]] == queue
    ]
    assert takes == ["roles/pubsub.subscriber"]


def test_pubsubs_account_is_put_together_from_the_projects_number(stacks: Stacks) -> None:
    grants = stacks[PLATFORM]["resource"]["google_pubsub_topic_iam_member"].values()
    (project,) = stacks[PLATFORM]["data"]["google_project"].items()
    agents = {grant["member"] for grant in grants if AGENT in grant["member"]}

    assert project[1]["project_id"] == "flowllama-sample"
    assert agents == {f"serviceAccount:service-${{data.google_project.{project[0]}.number}}@{AGENT}"}


def test_messages_stay_in_the_region_and_have_the_operators_key(stacks: Stacks) -> None:
    for topic in named(stacks, "google_pubsub_topic").values():
        assert topic["message_storage_policy"] == {"allowed_persistence_regions": ["us-central1"]}
        # By way of the grant: without it Google would refuse the topic.
        assert topic["kms_key_name"].startswith(
            "${google_kms_crypto_key_iam_member.customer-key_key-user-pubsub"
        )
    for topic in named(stacks, "google_pubsub_topic", stack="platform-bare").values():
        assert "kms_key_name" not in topic


@pytest.mark.parametrize(
    ("kind", "metric", "queue", "above", "for_"),
    [
        ("depth", "num_undelivered_messages", "{}", 1000, "600s"),
        ("age", "oldest_unacked_message_age", "{}", None, "0s"),
        ("dead-letter", "num_undelivered_messages", "{}-dlq", 0, "0s"),
    ],
)
@pytest.mark.parametrize("name", NAMES)
def test_alarms_on_depth_age_and_dead_letters(
    stacks: Stacks, name: str, kind: str, metric: str, queue: str, above: int | None, for_: str
) -> None:
    policy = named(stacks, "google_monitoring_alert_policy", "display_name")[
        f"flowllama-sample-{name}-{kind}"
    ]
    (condition,) = policy["conditions"]
    threshold = condition["condition_threshold"]

    assert threshold["filter"] == (
        f'metric.type="pubsub.googleapis.com/subscription/{metric}" AND resource.type="pubsub_subscription"'
        f' AND resource.labels.subscription_id="{queue.format(name)}"'
    )
    patience = 3600 if name.startswith("agent") else 900
    assert threshold["threshold_value"] == (patience if above is None else above)
    # The first five minutes are those of the alignment.
    assert (threshold["duration"], threshold["aggregations"][0]["alignment_period"]) == (for_, "300s")
    assert policy["notification_channels"]
