"""Replicas and their balancer, by the rules of Google Cloud."""

from typing import Any

import pytest
from marshmallow import ValidationError

from contracts.stack_model import DeploymentSpec
from contracts.stack_spec import load_stack_spec
from infra.cdktf import samples

SAMPLE = samples.gcp_deployment_balanced()
CERTIFICATE = f"projects/{samples.PROJECT}/global/sslCertificates/models"
ELSEWHERE = f"projects/{samples.PROJECT}/regions/us-central1/subnetworks/another"


def balanced(**changes: dict[str, Any]) -> dict[str, Any]:
    """The sample with fields of its nested objects changed."""
    return SAMPLE | {name: SAMPLE[name] | fields for name, fields in changes.items()}


def refused(raw: Any) -> Any:
    with pytest.raises(ValidationError) as caught:
        load_stack_spec(raw)
    return caught.value.messages


def test_a_balanced_placement_comes_back_typed() -> None:
    spec = load_stack_spec(SAMPLE)

    assert isinstance(spec, DeploymentSpec)
    assert spec.replicas is not None
    assert sorted(spec.replicas.subnets) == ["us-central1-a", "us-central1-b", "us-central1-c"]
    assert spec.balancer is not None
    assert spec.balancer.dns_zone == "models-example-com"


@pytest.mark.parametrize(
    "subnets",
    [
        {"us-central1-a": "subnet-0123456789abcdef0"},
        {"us-central1-a": SAMPLE["subnet_id"], "us-central1": SAMPLE["subnet_id"]},
        {"us-central1-a": SAMPLE["subnet_id"], "us-central11-b": SAMPLE["subnet_id"]},
        {"us-central1-a": SAMPLE["subnet_id"], "us-central1-b": ELSEWHERE},
    ],
)
def test_replicas_lie_in_zones_of_the_region_and_in_its_one_subnet(subnets: dict[str, str]) -> None:
    assert refused(balanced(replicas={"subnets": subnets}))["replicas"].keys() == {"subnets"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("subnets", ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]),
        ("dns_zone", "Z0123456789ABC"),
        ("dns_zone", "models.example.com"),
        (
            "certificate",
            "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000",
        ),
        ("certificate", f"{CERTIFICATE}\n"),
        ("certificate", CERTIFICATE.replace(samples.PROJECT, "somebody-else")),
        ("certificate", CERTIFICATE.replace("global", "regions/us-central1")),
    ],
)
def test_what_a_balancer_of_google_would_not_take_is_refused(field: str, value: Any) -> None:
    assert refused(balanced(balancer={field: value}))["balancer"].keys() == {field}


def test_a_certificate_that_google_keeps_is_for_a_name() -> None:
    assert refused(balanced(balancer={"domain": None, "dns_zone": None}))["balancer"].keys() == {
        "certificate"
    }

    load_stack_spec(balanced(balancer={"domain": None, "dns_zone": None, "certificate": CERTIFICATE}))


def test_a_name_too_long_for_googles_certificates_needs_one_of_the_operators() -> None:
    # The placement's own part has 32 characters, and the dot is one.
    fits, too_long = f"{'m' * 27}.com", f"{'m' * 28}.com"

    load_stack_spec(balanced(balancer={"domain": fits}))
    assert refused(balanced(balancer={"domain": too_long}))["balancer"].keys() == {"domain"}
    load_stack_spec(balanced(balancer={"domain": too_long, "certificate": CERTIFICATE}))


def test_the_balancer_has_no_ipv6_address() -> None:
    assert "exposure" in refused(balanced(exposure={"allow_cidrs": ["2001:db8::/32"]}))

    load_stack_spec(balanced(exposure={"allow_cidrs": ["2001:db8::/32", "203.0.113.7/32"]}))
