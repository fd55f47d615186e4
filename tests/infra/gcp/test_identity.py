"""What the account of instances may do, and who may stand in for an account."""

from tests.infra.gcp.conftest import Stacks
from tests.infra.test_stacks import only


def test_the_account_of_instances_may_write_logs_and_nothing_else(stacks: Stacks) -> None:
    document = stacks["gcp-network"]

    assert only(document, "google_project_iam_member")["role"] == "roles/logging.logWriter"
    assert len(only(document, "google_service_account")["account_id"]) <= 30


def test_instances_share_models_under_one_prefix_of_the_bucket(stacks: Stacks) -> None:
    grant = only(stacks["models"], "google_storage_bucket_iam_member")

    assert (grant["bucket"], grant["role"]) == ("flowllama-sample-models", "roles/storage.objectUser")
    assert grant["condition"]["expression"] == (
        'resource.name.startsWith("projects/_/buckets/flowllama-sample-models/objects/models/")'
    )
    assert "google_storage_bucket_iam_member" not in stacks["gcp-network"]["resource"]
