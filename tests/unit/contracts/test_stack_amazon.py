"""Replicas and their balancer, by the rules of AWS."""

from typing import Any

import pytest
from marshmallow import ValidationError

from contracts.stack_model import DeploymentSpec
from contracts.stack_spec import load_stack_spec
from infra.cdktf import samples

SAMPLE = samples.deployment_balanced()
SUBNET = "subnet-0123456789abcdef2"
CERTIFICATE: str = SAMPLE["balancer"]["certificate"]


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
    assert (spec.replicas.min, spec.replicas.max) == (1, 4)
    assert spec.balancer is not None
    assert spec.balancer.certificate == CERTIFICATE


@pytest.mark.parametrize(
    "subnets", [{"us-east-1a": "us-east-1a"}, {"us-east-1a": SUBNET, "us-east-1_b": SUBNET}]
)
def test_replicas_lie_in_zones_and_subnets_of_aws(subnets: dict[str, str]) -> None:
    assert refused(balanced(replicas={"subnets": subnets}))["replicas"].keys() == {"subnets"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("subnets", [SUBNET]),
        ("subnets", [SUBNET, "projects/p-roject/regions/us-central1/subnetworks/a"]),
        ("dns_zone", "models-example-com"),
        ("dns_zone", "Z0123456789ABC\n"),
        ("certificate", None),
        ("certificate", f"{CERTIFICATE}\n"),
        ("certificate", CERTIFICATE.replace("acm", "iam")),
        ("certificate", CERTIFICATE.replace("us-east-1", "eu-west-1")),
        ("certificate", CERTIFICATE.replace("123456789012", "210987654321")),
    ],
)
def test_what_a_balancer_of_aws_would_not_take_is_refused(field: str, value: Any) -> None:
    assert refused(balanced(balancer={field: value}))["balancer"].keys() == {field}


def test_the_balancer_needs_no_name_of_its_own() -> None:
    load_stack_spec(balanced(balancer={"domain": None, "dns_zone": None}))


def test_the_balancer_has_no_ipv6_address() -> None:
    assert "exposure" in refused(balanced(exposure={"allow_cidrs": ["2001:db8::/32"]}))

    load_stack_spec(balanced(exposure={"allow_cidrs": ["2001:db8::/32", "203.0.113.7/32"]}))
