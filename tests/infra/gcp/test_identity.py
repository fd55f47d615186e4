"""What the account of instances may do, and who may stand in for an account."""

import pytest

from tests.infra.gcp.conftest import Stacks
from tests.infra.test_stacks import only


def test_the_account_of_instances_may_write_logs_and_nothing_else(stacks: Stacks) -> None:
    document = stacks["gcp-network"]

    assert only(document, "google_project_iam_member")["role"] == "roles/logging.logWriter"
    assert len(only(document, "google_service_account")["account_id"]) <= 30


def test_instances_share_models_under_one_prefix_of_the_bucket(stacks: Stacks) -> None:
    grant = only(stacks["models"], "google_storage_bucket_iam_member")

    assert grant["bucket"] == "flowllama-sample-models"
    assert grant["role"].startswith("${google_project_iam_custom_role.")
    assert grant["condition"]["expression"] == (
        'resource.name.startsWith("projects/_/buckets/flowllama-sample-models/objects/models/")'
    )
    assert "google_storage_bucket_iam_member" not in stacks["gcp-network"]["resource"]


def test_their_role_reads_and_replaces_objects_and_can_do_nothing_to_the_bucket(stacks: Stacks) -> None:
    role = only(stacks["models"], "google_project_iam_custom_role")

    assert set(role["permissions"]) == {
        "storage.objects.get",
        "storage.objects.create",
        "storage.objects.delete",
        "storage.multipartUploads.create",
        "storage.multipartUploads.abort",
    }
    assert role["role_id"] == "flowllama_sample_main_us_central1_models"
    assert "google_project_iam_custom_role" not in stacks["gcp-network"]["resource"]


def test_pods_of_one_kubernetes_account_stand_in_for_the_service_account(trees: Stacks) -> None:
    grant = only(trees["pod"], "google_service_account_iam_member")

    assert grant["role"] == "roles/iam.workloadIdentityUser"
    assert grant["member"] == "serviceAccount:flowllama-sample.svc.id.goog[flowllama/agent]"


def test_one_role_of_one_aws_account_stands_in_for_it(trees: Stacks) -> None:
    document = trees["agent-on-aws"]
    provider = only(document, "google_iam_workload_identity_pool_provider")
    grant = only(document, "google_service_account_iam_member")
    role = "arn:aws:sts::123456789012:assumed-role/flowllama-agent"

    assert provider["aws"] == {"account_id": "123456789012"}
    assert provider["attribute_condition"] == f"attribute.aws_role == '{role}'"
    # A whole ARN may be longer than the 127 bytes of a subject.
    assert provider["attribute_mapping"]["google.subject"].startswith("assertion.arn.extract('assumed-role/")
    assert 4 <= len(provider["workload_identity_pool_provider_id"]) <= 32
    # Not by its subject: that ends in a name that the caller chooses.
    assert grant["member"].startswith(
        "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool."
    )
    assert grant["member"].endswith(f".name}}/attribute.aws_role/{role}")


@pytest.mark.parametrize("name", ["pod-with-a-bracket", "role-with-a-quote"])
def test_a_name_that_would_change_a_grant_is_refused(trees: Stacks, name: str) -> None:
    assert "not a name that belongs here" in trees[name]["output"]["said"]["value"]
