"""Outputs are read as Terraform prints them."""

from typing import Any

import pytest

from contracts.stack_deployment import BALANCED_OUTPUTS, DEPLOYMENT_OUTPUTS
from contracts.stack_network import NETWORK_OUTPUTS
from contracts.stack_outputs import (
    RuntimeOutputs,
    read_deployment_outputs,
    read_network_outputs,
    read_platform_outputs,
)
from contracts.stack_platform import PLATFORM_OUTPUTS, RUNTIME_OUTPUTS


def printed(**values: Any) -> dict[str, Any]:
    return {name: {"sensitive": False, "type": "dynamic", "value": value} for name, value in values.items()}


PLACEMENT = printed(
    instance_id="i-1", private_ip="10.0.0.4", public_ip="", address="10.0.0.4", security_group_id="sg-1"
)


def test_what_terraform_leaves_out_and_what_aws_leaves_empty_is_none() -> None:
    outputs = read_deployment_outputs(PLACEMENT)

    assert outputs.spot_request_id is None
    assert outputs.public_ip is None
    assert outputs.address == "10.0.0.4"


@pytest.mark.parametrize("missing", ["instance_id", "address", "security_group_id"])
def test_a_half_applied_placement_has_no_outputs(missing: str) -> None:
    with pytest.raises(KeyError, match=missing):
        read_deployment_outputs({name: value for name, value in PLACEMENT.items() if name != missing})


def test_a_network_maps_zones_to_subnets() -> None:
    outputs = read_network_outputs(
        printed(
            vpc_id="vpc-1",
            public_subnets={"us-east-1a": "subnet-1"},
            private_subnets={},
            instance_profile="p",
            egress_cidrs=["10.0.0.0/16"],
        )
    )

    assert outputs.public_subnets == {"us-east-1a": "subnet-1"}
    assert outputs.egress_cidrs == ("10.0.0.0/16",)


def test_the_names_are_those_the_stacks_publish() -> None:
    fields = read_deployment_outputs(PLACEMENT).__dataclass_fields__
    assert {*DEPLOYMENT_OUTPUTS, *BALANCED_OUTPUTS} == set(fields)
    assert set(NETWORK_OUTPUTS) >= {
        "vpc_id",
        "public_subnets",
        "private_subnets",
        "instance_profile",
        "egress_cidrs",
    }


def test_a_platform_without_key_and_copy_says_none() -> None:
    maps = {name: {"a": "b"} for name in ("queue_urls", "queue_arns", "dead_letter_arns", "log_groups")}
    outputs = read_platform_outputs(
        printed(**maps, model_bucket="models", alarm_topic_arn="arn", dashboard="flowllama")
    )

    assert (outputs.model_key_arn, outputs.replica_bucket) == (None, None)
    assert outputs.queue_urls == {"a": "b"}
    assert outputs.runtime is None
    assert set(PLATFORM_OUTPUTS) - set(RUNTIME_OUTPUTS) == set(outputs.__dataclass_fields__) - {"runtime"}
    assert set(RUNTIME_OUTPUTS) == set(RuntimeOutputs.__dataclass_fields__)
