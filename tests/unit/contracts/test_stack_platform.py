"""A platform's runtime is refused by field: a place of another cloud, a name without its certificate, two uses of a bucket."""

from typing import Any

import pytest
from marshmallow import ValidationError

from contracts.stack_model import NetworkSpec, PlatformSpec
from contracts.stack_network import DEFAULT_SUPERNETS
from contracts.stack_spec import load_stack_spec
from infra.cdktf import samples

BOUNDARY = "arn:aws:iam::123456789012:policy/flowllama-sample-us-east-1-boundary"


def refused(raw: dict[str, Any]) -> dict[str, Any]:
    with pytest.raises(ValidationError) as caught:
        load_stack_spec(raw)
    assert isinstance(caught.value.messages, dict)
    return caught.value.messages


def test_what_is_left_out_has_a_sensible_value() -> None:
    required = {name: samples.runtime()[name] for name in ("image", "vpc_id", "subnets", "state_bucket")}
    spec = load_stack_spec(samples.platform(runtime=required))

    assert isinstance(spec, PlatformSpec)
    assert spec.runtime is not None
    assert (spec.runtime.min_tasks, spec.runtime.max_tasks) == (1, 4)
    assert spec.runtime.store_cidrs == DEFAULT_SUPERNETS
    assert (spec.runtime.domain, spec.runtime.placement_zones, spec.runtime.settings) == (None, (), {})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("image", "registry.example.com/flowllama:latest"),
        ("vpc_id", "projects/p/global/networks/n"),
        ("subnets", {"us-east-1a": "default"}),
        ("subnets", {}),
        ("state_bucket", "has.dots"),
        ("state_bucket", "flowllama-sample-models-123456789012"),
        ("state_bucket", "flowllama-sample-models-123456789012-us-west-2"),
        ("min_tasks", -1),
        ("max_tasks", 0),
        ("settings", {"lower": "x"}),
        ("settings", {"MONGODB_URI": "mongodb://user:hush@store"}),
        ("store_cidrs", ["0.0.0.0/0"]),
        ("store_cidrs", []),
        ("domain", "https://api.example.com"),
        ("certificate", None),
        ("certificate", "arn:aws:iam::123456789012:server-certificate/old"),
        (
            "certificate",
            "arn:aws:acm:eu-west-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef",
        ),
        ("dns_zone", "api.example.com"),
        ("placement_zones", ["z-1"]),
        ("extra", 1),
    ],
)
def test_a_wrong_field_is_named(field: str, value: object) -> None:
    assert field in refused(samples.platform(runtime=samples.runtime(**{field: value})))["runtime"]


def test_no_secret_is_repeated_in_what_is_said_of_it() -> None:
    said = refused(samples.platform(runtime=samples.runtime(settings={"AGENT_CLIENT_SECRET": "hush"})))

    assert "agent-client-secret" in str(said)
    assert "hush" not in str(said)


@pytest.mark.parametrize("field", ["certificate", "dns_zone"])
def test_what_belongs_to_a_domain_needs_one(field: str) -> None:
    alone = {"domain": None, "certificate": None, "dns_zone": None} | {field: samples.runtime()[field]}

    assert field in refused(samples.platform(runtime=samples.runtime(**alone)))["runtime"]


def test_fewer_tasks_at_most_than_at_least_are_refused() -> None:
    runtime = samples.runtime(min_tasks=3, max_tasks=2)

    assert "max_tasks" in refused(samples.platform(runtime=runtime))["runtime"]


def test_no_task_at_all_is_fine_until_the_secrets_are_there() -> None:
    spec = load_stack_spec(samples.platform(runtime=samples.runtime(min_tasks=0)))

    assert isinstance(spec, PlatformSpec)
    assert spec.runtime is not None
    assert spec.runtime.min_tasks == 0


def test_a_network_takes_a_policy_as_its_boundary_and_nothing_else() -> None:
    spec = load_stack_spec(samples.network(boundary_arn=BOUNDARY))

    assert isinstance(spec, NetworkSpec)
    assert spec.boundary_arn == BOUNDARY
    for wrong in ("boundary", BOUNDARY.replace(":policy/", ":role/")):
        assert "boundary_arn" in refused(samples.network(boundary_arn=wrong))
    assert "boundary_arn" in refused(samples.gcp_network(boundary_arn=BOUNDARY))
