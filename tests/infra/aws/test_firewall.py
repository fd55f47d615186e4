"""Who reaches the machines of a placement: those on its list and the platform, or its balancer; nobody by SSH."""

from typing import Any

import pytest
from marshmallow import ValidationError

from tests.infra.aws.conftest import Build


def ways_in(build: Build, **changes: Any) -> list[dict[str, Any]]:
    from infra.cdktf.constructs.aws.firewall import Firewall, FirewallProps

    given: dict[str, Any] = {
        "name": "flowllama-test-dep_x-1",
        "vpc_id": "vpc-0123456789abcdef0",
        "allow_cidrs": ("203.0.113.7/32",),
        "service_cidrs": ("10.64.0.0/16",),
    }
    made = build(lambda stack: Firewall(stack, "firewall", FirewallProps(**given | changes)))
    found: list[dict[str, Any]] = made.only("aws_security_group")["ingress"]
    return found


def test_there_is_no_ssh_unless_networks_for_it_are_named(build: Build) -> None:
    assert {way["from_port"] for way in ways_in(build)} == {11434}

    with_ssh = ways_in(build, ssh_cidrs=("198.51.100.0/24",))
    (ssh,) = (way for way in with_ssh if way["from_port"] == 22)
    assert (ssh["to_port"], ssh["cidr_blocks"], ssh["ipv6_cidr_blocks"]) == (22, ["198.51.100.0/24"], [])


@pytest.mark.parametrize("field", ["allow_cidrs", "service_cidrs", "ssh_cidrs"])
@pytest.mark.parametrize("world", ["0.0.0.0/0", "::/0", "0.0.0.0/1"])
def test_the_world_is_never_let_in(build: Build, field: str, world: str) -> None:
    with pytest.raises(ValidationError, match="Too wide"):
        ways_in(build, **{field: (world,)})


def test_behind_a_balancer_only_it_and_the_platform_have_a_way_in(build: Build) -> None:
    ways = ways_in(build, allow_cidrs=(), balancer_group_id="sg-0123456789abcdef0")

    assert [(way["description"], way["cidr_blocks"], way["security_groups"]) for way in ways] == [
        ("Platform", ["10.64.0.0/16"], None),
        ("Balancer", None, ["sg-0123456789abcdef0"]),
    ]


def test_a_list_that_the_balancer_keeps_is_not_kept_twice(build: Build) -> None:
    with pytest.raises(ValueError, match="it is the balancer"):
        ways_in(build, balancer_group_id="sg-0123456789abcdef0")
