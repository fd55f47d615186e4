"""Secrets are named and empty; states are kept long, and nothing destroys them by the way."""

from contracts.stack_platform import SECRETS
from tests.infra.aws.conftest import Build

KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-1111-1111-1111-111111111111"


def test_secrets_have_a_key_and_no_value(build: Build) -> None:
    from infra.cdktf.constructs.aws.secrets import Secrets, SecretsProps

    made = build(lambda stack: Secrets(stack, "secrets", SecretsProps("flowllama-test", SECRETS, KEY)))

    secrets = made.all("aws_secretsmanager_secret")
    assert {one["name"] for one in secrets} == {f"flowllama-test/{name}" for name in SECRETS.values()}
    assert all(one["kms_key_id"] == KEY for one in secrets)
    assert all(one["recovery_window_in_days"] == 30 for one in secrets)
    assert set(made.document["resource"]) == {"aws_secretsmanager_secret"}
    assert made.construct.arns.keys() == SECRETS.keys()


def test_states_are_kept_and_their_old_versions_for_a_year(build: Build) -> None:
    from infra.cdktf.constructs.aws.state_store import StateStore, StateStoreProps

    made = build(lambda stack: StateStore(stack, "state", StateStoreProps("states", KEY)))

    bucket = made.only("aws_s3_bucket")
    assert (bucket["lifecycle"], bucket["force_destroy"]) == ({"prevent_destroy": True}, False)
    (rule,) = made.only("aws_s3_bucket_lifecycle_configuration")["rule"]
    assert rule["noncurrent_version_expiration"] == [{"noncurrent_days": 365}]
    assert "transition" not in rule
    assert made.only("aws_s3_bucket_versioning")["versioning_configuration"] == {"status": "Enabled"}
    assert made.only("aws_s3_bucket_public_access_block")["block_public_policy"] is True
    assert set(made.statements("aws_s3_bucket_policy")) == {"OnlyByTls"}
    (encryption,) = made.only("aws_s3_bucket_server_side_encryption_configuration")["rule"]
    assert encryption["apply_server_side_encryption_by_default"]["kms_master_key_id"] == KEY
