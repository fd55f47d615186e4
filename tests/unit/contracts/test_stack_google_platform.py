"""A platform, by the rules of Google Cloud."""

from typing import Any

import pytest
from marshmallow import ValidationError

from contracts.stack_model import PlatformSpec
from contracts.stack_spec import load_stack_spec
from infra.cdktf import samples

SAMPLE = samples.gcp_platform()
SUBNET = SAMPLE["runtime"]["subnets"]["us-central1-a"]
NO_NAME = {"domain": None, "dns_zone": None}


def running(**changes: Any) -> dict[str, Any]:
    return samples.gcp_platform(runtime=SAMPLE["runtime"] | changes)


def refused(raw: Any) -> Any:
    with pytest.raises(ValidationError) as caught:
        load_stack_spec(raw)
    return caught.value.messages


def test_a_platform_comes_back_typed_with_and_without_its_services() -> None:
    spec, bare = load_stack_spec(SAMPLE), load_stack_spec(samples.gcp_platform(runtime=None, replica=None))

    assert isinstance(spec, PlatformSpec)
    assert spec.runtime is not None
    assert spec.runtime.domain == "api.example.com"
    assert isinstance(bare, PlatformSpec)
    assert bare.runtime is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("vpc_id", "vpc-0123456789abcdef0"),
        ("dns_zone", "Z0123456789ABC"),
        ("subnets", {"us-central1-a": SUBNET, "us-central1-b": f"{SUBNET}-two"}),
        ("subnets", {"us-east4-a": SUBNET.replace("us-central1", "us-east4")}),
        ("state_bucket", "google-states"),
        ("certificate", "arn:aws:acm:us-east-1:123456789012:certificate/x"),
        ("certificate", "projects/somebody-else/global/sslCertificates/api"),
        ("vpc_id", "projects/somebody-else/global/networks/main"),
        ("subnets", {"us-central1-a": SUBNET.replace(samples.PROJECT, "somebody-else")}),
        ("domain", f"{'a' * 60}.example.com"),
        ("store_cidrs", ["2001:db8::/32"]),
        ("settings", {"PORT": "8080"}),
        ("settings", {"LOG_LEVEL": "INFO", "K_SERVICE": "auth"}),
        ("settings", {"CLOUD_RUN_WORKER_POOL": "agent"}),
    ],
)
def test_what_google_cloud_would_not_take_is_refused(field: str, value: Any) -> None:
    assert field in refused(running(**{field: value}))["runtime"]


def test_all_that_is_wrong_with_a_runtime_is_told_at_once() -> None:
    wrong = refused(running(vpc_id="vpc-1", state_bucket="google-states", settings={"PORT": "1"}))["runtime"]

    assert set(wrong) == {"vpc_id", "state_bucket", "settings"}
    assert "projects/…" in wrong["vpc_id"][0]


def test_the_gateway_needs_a_domain_because_it_has_no_name_of_its_own() -> None:
    assert "domain" in refused(running(**NO_NAME))["runtime"]


def test_a_certificate_of_the_operators_may_be_for_a_longer_name() -> None:
    link = f"projects/{samples.PROJECT}/global/sslCertificates/api"

    load_stack_spec(running(domain=f"{'a' * 60}.example.com", certificate=link))


@pytest.mark.parametrize("bucket", ["goog-models", "my-google-models"])
def test_names_of_buckets_that_google_keeps_are_refused(bucket: str) -> None:
    replica = {"bucket": bucket, "region": "us-east4"}

    assert "model_bucket" in refused(samples.gcp_platform(model_bucket=bucket))
    assert "bucket" in refused(samples.gcp_platform(replica=replica))["replica"]


def test_a_replica_lies_in_a_region_of_the_same_cloud() -> None:
    def replica(region: str) -> dict[str, str]:
        return {"bucket": "copies", "region": region}

    load_stack_spec(samples.gcp_platform(replica=replica("europe-west4")))
    assert "region" in refused(samples.gcp_platform(replica=replica("eu-west-1")))["replica"]
    assert "region" in refused(samples.platform(replica=replica("europe_west4")))["replica"]
