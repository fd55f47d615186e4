"""The model store is closed, encrypted and tidy, and its copy is the same in another region."""

import json
from typing import Any

import pytest

from tests.infra.aws.conftest import Build, Synthesised

KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-1111-1111-1111-111111111111"
REPLICA_KEY = "arn:aws:kms:us-west-2:123456789012:key/22222222-2222-2222-2222-222222222222"


@pytest.fixture
def store(build: Build) -> Synthesised:
    return build(lambda stack: model_store(stack, KEY))


@pytest.fixture
def copied(build: Build) -> Synthesised:
    return build(lambda stack: model_store(stack, KEY, replica_key=REPLICA_KEY))


def model_store(stack: Any, key: str | None, *, replica_key: str | None = None, replica: bool = False) -> Any:
    from cdktf_cdktf_provider_aws.provider import AwsProvider

    from infra.cdktf.constructs.aws.model_store import ModelStore, ModelStoreProps, ReplicaProps

    elsewhere = None
    if replica or replica_key:
        provider = AwsProvider(stack, "west", region="us-west-2", alias="west")
        elsewhere = ReplicaProps(
            bucket="models-copy", region="us-west-2", provider=provider, key_arn=replica_key
        )
    props = ModelStoreProps(
        bucket="models", account="123456789012", region="us-east-1", key_arn=key, replica=elsewhere
    )
    return ModelStore(stack, "store", props)


def encryption(bucket: Synthesised) -> dict[str, Any]:
    (rule,) = bucket.only("aws_s3_bucket_server_side_encryption_configuration")["rule"]
    assert isinstance(rule, dict)
    return rule


def test_no_access_is_public_and_no_list_grants_any(copied: Synthesised) -> None:
    blocks = copied.all("aws_s3_bucket_public_access_block")
    assert len(blocks) == 2
    for block in blocks:
        settings = (
            "block_public_acls",
            "block_public_policy",
            "ignore_public_acls",
            "restrict_public_buckets",
        )
        assert all(block[name] is True for name in settings)
    for ownership in copied.all("aws_s3_bucket_ownership_controls"):
        assert ownership["rule"] == {"object_ownership": "BucketOwnerEnforced"}
    assert all(
        one["versioning_configuration"] == {"status": "Enabled"}
        for one in copied.all("aws_s3_bucket_versioning")
    )


def test_nothing_travels_in_the_clear(store: Synthesised) -> None:
    (statement,) = store.statements("aws_s3_bucket_policy").values()

    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    bucket, objects = statement["Resource"]
    assert objects == f"{bucket}/*"


def test_a_key_of_the_operator_encrypts_where_there_is_one(store: Synthesised, build: Build) -> None:
    by_key = encryption(store)
    assert by_key["apply_server_side_encryption_by_default"] == {
        "sse_algorithm": "aws:kms",
        "kms_master_key_id": KEY,
    }
    assert by_key["bucket_key_enabled"] is True

    by_s3 = encryption(build(lambda stack: model_store(stack, None)))
    assert by_s3["apply_server_side_encryption_by_default"] == {"sse_algorithm": "AES256"}


def test_what_nobody_reads_gets_cheaper_and_leftovers_go(store: Synthesised) -> None:
    rules = {rule["id"]: rule for rule in store.only("aws_s3_bucket_lifecycle_configuration")["rule"]}

    assert all(rule["status"] == "Enabled" and rule["filter"] == [{"prefix": ""}] for rule in rules.values())
    assert rules["cheaper-when-unread"]["transition"] == [{"days": 0, "storage_class": "INTELLIGENT_TIERING"}]
    leftovers = rules["no-leftovers"]
    assert leftovers["abort_incomplete_multipart_upload"] == [{"days_after_initiation": 3}]
    assert leftovers["noncurrent_version_expiration"] == [{"noncurrent_days": 30}]
    # Only the markers of deletion: a current model never expires.
    assert leftovers["expiration"] == [{"expired_object_delete_marker": True}]


def test_a_bucket_with_models_is_never_destroyed_by_the_way(store: Synthesised) -> None:
    assert store.only("aws_s3_bucket")["force_destroy"] is False


def test_one_bucket_is_the_default(store: Synthesised) -> None:
    assert store.construct.replica is None
    assert not store.all("aws_s3_bucket_replication_configuration")
    assert not store.all("aws_iam_role")


def test_models_are_copied_with_the_key_of_the_other_region(copied: Synthesised) -> None:
    replication = copied.only("aws_s3_bucket_replication_configuration")
    (rule,) = replication["rule"]

    assert (rule["status"], rule["filter"]) == ("Enabled", {"prefix": "models/"})
    assert rule["delete_marker_replication"] == {"status": "Disabled"}
    assert rule["source_selection_criteria"] == {"sse_kms_encrypted_objects": {"status": "Enabled"}}
    assert rule["destination"]["encryption_configuration"] == {"replica_kms_key_id": REPLICA_KEY}
    assert rule["destination"]["metrics"] == {"status": "Enabled"}
    versioned = [one for one in replication["depends_on"] if one.startswith("aws_s3_bucket_versioning.")]
    assert len(versioned) == 2, "S3 refuses replication before both buckets are versioned"


def test_everything_of_the_copy_lies_in_its_own_region(copied: Synthesised) -> None:
    kinds = [kind for kind in copied.document["resource"] if kind.startswith("aws_s3_bucket")]
    kinds.remove("aws_s3_bucket_replication_configuration")

    assert len(kinds) == 7
    for kind in kinds:
        assert sorted(one.get("provider", "") for one in copied.all(kind)) == ["", "aws.west"], kind


def test_the_copying_role_reads_here_and_writes_there_and_no_more(copied: Synthesised) -> None:
    (trusted,) = json.loads(copied.only("aws_iam_role")["assume_role_policy"])["Statement"]
    assert trusted["Principal"] == {"Service": "s3.amazonaws.com"}
    # Another account's copy is refused, and a copy of which S3 does not say whose it is goes on.
    assert trusted["Condition"] == {"StringEqualsIfExists": {"aws:SourceAccount": "123456789012"}}

    may = copied.statements("aws_iam_role_policy")
    assert set(may) == {"Look", "Read", "Write", "Decrypt", "Encrypt"}
    assert may["Read"]["Resource"].endswith(".arn}/models/*")
    assert may["Write"]["Resource"].endswith(".arn}/models/*")
    assert may["Read"]["Resource"] != may["Write"]["Resource"]
    assert "*" not in json.dumps([one["Action"] for one in may.values()])
    assert (may["Decrypt"]["Resource"], may["Encrypt"]["Resource"]) == (KEY, REPLICA_KEY)
    assert may["Encrypt"]["Condition"] == {"StringEquals": {"kms:ViaService": "s3.us-west-2.amazonaws.com"}}


def test_without_keys_the_copy_asks_for_none(build: Build) -> None:
    made = build(lambda stack: model_store(stack, None, replica=True))

    (rule,) = made.only("aws_s3_bucket_replication_configuration")["rule"]
    assert "source_selection_criteria" not in rule
    assert "encryption_configuration" not in rule["destination"]
    assert set(made.statements("aws_iam_role_policy")) == {"Look", "Read", "Write"}


def test_one_key_for_two_buckets_is_a_mistake(build: Build) -> None:
    with pytest.raises(ValueError, match="both a key or neither"):
        build(lambda stack: model_store(stack, KEY, replica=True))
