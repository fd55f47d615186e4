"""Buckets are closed, versioned and encrypted; models are copied where a second region is named; states are kept."""

import json
from typing import Any

import pytest

from tests.infra.gcp.conftest import Stacks
from tests.infra.test_stacks import only

PLATFORM = "gcp-platform"
MODELS, COPY, STATES = (
    "flowllama-sample-models",
    "flowllama-sample-models-us-east4",
    "flowllama-sample-states",
)
DAY_S = 24 * 3600


def bucket(stacks: Stacks, name: str, stack: str = PLATFORM) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = stacks[stack]["resource"]["google_storage_bucket"]
    (body,) = (body for body in found.values() if body["name"] == name)
    return body


@pytest.mark.parametrize("name", [MODELS, COPY, STATES])
def test_every_bucket_is_closed_versioned_and_never_emptied_by_terraform(stacks: Stacks, name: str) -> None:
    body = bucket(stacks, name)

    assert body["public_access_prevention"] == "enforced"
    assert body["uniform_bucket_level_access"] is True
    assert body["versioning"] == {"enabled": True}
    assert body["force_destroy"] is False
    assert {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 3}} in body[
        "lifecycle_rule"
    ]


@pytest.mark.parametrize(
    ("name", "region", "key"),
    [
        (MODELS, "US-CENTRAL1", "customer-key"),
        (COPY, "US-EAST4", "replica-key"),
        (STATES, "US-CENTRAL1", "customer-key"),
    ],
)
def test_each_has_the_key_of_its_own_region(stacks: Stacks, name: str, region: str, key: str) -> None:
    body = bucket(stacks, name)
    rings = stacks[PLATFORM]["resource"]["google_kms_key_ring"]
    (ring,) = (ring for at, ring in rings.items() if at.startswith(key))

    assert body["location"] == region == ring["location"].upper()
    # By way of the grant, without which Cloud Storage would refuse the key.
    assert f"google_kms_crypto_key_iam_member.{key}" in body["encryption"]["default_kms_key_name"]


def test_without_a_key_of_the_operators_google_encrypts_with_its_own(stacks: Stacks) -> None:
    assert "encryption" not in bucket(stacks, MODELS, "platform-bare")
    assert "google_kms_key_ring" not in stacks["platform-bare"]["resource"]


@pytest.mark.parametrize(
    ("name", "old_days", "back_days"), [(MODELS, 30, 7), (COPY, 30, 7), (STATES, 365, 30)]
)
def test_old_versions_go_and_what_was_deleted_can_be_brought_back(
    stacks: Stacks, name: str, old_days: int, back_days: int
) -> None:
    body = bucket(stacks, name)
    delete = {
        "action": {"type": "Delete"},
        "condition": {"days_since_noncurrent_time": old_days, "with_state": "ARCHIVED"},
    }

    assert delete in body["lifecycle_rule"]
    assert body["soft_delete_policy"] == {"retention_duration_seconds": back_days * DAY_S}


def test_models_that_nobody_reads_get_cheaper_by_googles_own_rules(stacks: Stacks) -> None:
    for name in (MODELS, COPY):
        body = bucket(stacks, name)
        assert body["autoclass"] == {"enabled": True, "terminal_storage_class": "ARCHIVE"}
        # No rule of our own moves a model: reading what a rule moved costs extra.
        assert "SetStorageClass" not in json.dumps(body["lifecycle_rule"])


def test_states_stay_where_they_are_and_terraform_refuses_to_destroy_them(stacks: Stacks) -> None:
    states = bucket(stacks, STATES)

    assert "autoclass" not in states
    assert states["lifecycle"] == {"prevent_destroy": True}
    assert "lifecycle" not in bucket(stacks, MODELS)


def test_models_alone_are_copied_and_nothing_is_deleted_there(stacks: Stacks) -> None:
    job = only(stacks[PLATFORM], "google_storage_transfer_job")
    what = job["transfer_spec"]

    assert what["object_conditions"] == {"include_prefixes": ["models/"]}
    assert what["transfer_options"] == {
        "delete_objects_unique_in_sink": False,
        "overwrite_when": "DIFFERENT",
    }
    assert job["schedule"]["repeat_interval"] == "3600s"
    assert "google_storage_transfer_job" not in stacks["platform-bare"]["resource"]


def test_who_copies_may_read_the_one_and_write_the_other(stacks: Stacks) -> None:
    resources = stacks[PLATFORM]["resource"]
    rights = {
        grant["bucket"].split(".")[1].split("_")[1]: resources["google_project_iam_custom_role"][
            grant["role"].split(".")[1]
        ]["permissions"]
        for grant in resources["google_storage_bucket_iam_member"].values()
        if "google_storage_transfer_project_service_account" in grant["member"]
    }

    assert rights == {
        "models": ["storage.buckets.get", "storage.objects.get", "storage.objects.list"],
        "replica": [
            "storage.buckets.get",
            "storage.objects.create",
            "storage.objects.delete",
            "storage.objects.get",
            "storage.objects.list",
        ],
    }


def test_keys_are_rotated_four_times_a_year_and_wait_thirty_days(stacks: Stacks) -> None:
    for key in stacks[PLATFORM]["resource"]["google_kms_crypto_key"].values():
        assert key["rotation_period"] == f"{90 * DAY_S}s"
        assert key["destroy_scheduled_duration"] == f"{30 * DAY_S}s"


def test_only_googles_own_accounts_use_the_keys(stacks: Stacks) -> None:
    grants = stacks[PLATFORM]["resource"]["google_kms_crypto_key_iam_member"].values()

    assert {grant["role"] for grant in grants} == {"roles/cloudkms.cryptoKeyEncrypterDecrypter"}
    assert not [grant for grant in grants if "google_service_account." in grant["member"]]
