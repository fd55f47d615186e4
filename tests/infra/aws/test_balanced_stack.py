"""A placement with replicas: every part of it is tagged, named without collision, and fits the others."""

import json
from pathlib import Path
from typing import Any

import pytest

from contracts.stack_outputs import read_deployment_outputs
from infra.cdktf import names, samples
from tests.infra.provider_schema import Provider, faults

PLACEMENT = f"{samples.DEPLOYMENT_ID}-1"
OURS = {
    "flowllama-deployment": samples.DEPLOYMENT_ID,
    "flowllama-placement": PLACEMENT,
    "flowllama-environment": "sample",
    "managed-by": "flowllama",
}


@pytest.fixture(scope="module")
def balanced(write_stack: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    written: dict[str, Any] = write_stack(samples.deployment_balanced(), tmp_path_factory.mktemp("balanced"))
    return written


def only(document: dict[str, Any], kind: str) -> dict[str, Any]:
    (found,) = document["resource"][kind].values()
    assert isinstance(found, dict)
    return found


def test_the_provider_knows_all_that_it_says(balanced: dict[str, Any], aws_schema: Provider) -> None:
    assert faults(balanced, {"aws": aws_schema}) == []


def test_addresses_never_move(balanced: dict[str, Any]) -> None:
    known = json.loads((Path(__file__).parents[1] / "addresses.json").read_text())
    kinds = balanced["resource"] | {f"data.{kind}": found for kind, found in balanced["data"].items()}

    addresses = sorted(f"{kind}.{name}" for kind, found in kinds.items() for name in found)
    assert addresses == known["deployment-balanced"], "a changed address destroys and recreates what it names"


def test_what_default_tags_do_not_reach_is_tagged_all_the_same(balanced: dict[str, Any]) -> None:
    (provider,) = balanced["provider"]["aws"]
    assert OURS.items() <= provider["default_tags"][0]["tags"].items()
    for made in only(balanced, "aws_launch_template")["tag_specifications"]:
        assert OURS.items() <= made["tags"].items()
    group = {tag["key"]: tag["value"] for tag in only(balanced, "aws_autoscaling_group")["tag"]}
    assert OURS.items() <= group.items()


def test_another_run_of_the_agent_does_not_change_the_template(
    balanced: dict[str, Any], write_stack: Any, tmp_path: Path
) -> None:
    later = write_stack(samples.deployment_balanced(epoch=7), tmp_path)

    assert only(later, "aws_launch_template") == only(balanced, "aws_launch_template")
    tags = {tag["key"]: tag["value"] for tag in only(later, "aws_autoscaling_group")["tag"]}
    assert tags["flowllama-epoch"] == "7"


def test_machines_are_checked_at_their_door_and_reached_through_the_balancer_alone(
    balanced: dict[str, Any],
) -> None:
    check = only(balanced, "aws_lb_target_group")["health_check"]
    assert check["path"] == "/_flowllama/ready"
    groups = balanced["resource"]["aws_security_group"]
    (machines,) = (group for group in groups.values() if not group["name"].endswith("-balancer"))
    (balancer,) = (name for name, group in groups.items() if group["name"].endswith("-balancer"))

    assert [way["security_groups"] for way in machines["ingress"]] == [
        None,
        [f"${{aws_security_group.{balancer}.id}}"],
    ]
    assert [way["cidr_blocks"] for way in groups[balancer]["ingress"]] == [["203.0.113.7/32", "10.64.0.0/16"]]


def test_groups_do_not_name_each_other(balanced: dict[str, Any]) -> None:
    """Or a sweep, which removes them one by one, could remove neither."""
    groups = balanced["resource"]["aws_security_group"]
    (balancer,) = (group for group in groups.values() if group["name"].endswith("-balancer"))

    assert "aws_security_group" not in json.dumps(balancer)


def test_spot_replicas_stay_within_the_price_and_on_demand_ones_have_none(
    balanced: dict[str, Any], write_stack: Any, tmp_path: Path
) -> None:
    on_demand = write_stack(samples.deployment_balanced(spot=False, spot_max_usd=None), tmp_path)

    def distribution(document: dict[str, Any]) -> dict[str, Any]:
        policy = only(document, "aws_autoscaling_group")["mixed_instances_policy"]
        return dict(policy["instances_distribution"])

    assert distribution(balanced)["on_demand_percentage_above_base_capacity"] == 0
    assert distribution(balanced)["spot_max_price"] == "0.61"
    assert distribution(on_demand)["on_demand_percentage_above_base_capacity"] == 100


def test_a_gpu_grows_with_its_requests_and_a_cpu_with_its_load(
    balanced: dict[str, Any], write_stack: Any, tmp_path: Path
) -> None:
    machine = samples.deployment()["machine"] | {"type": "m7i.xlarge", "gpu_kind": None, "gpu_count": 0}
    on_cpu = write_stack(samples.deployment_balanced(machine=machine), tmp_path)

    def metric(document: dict[str, Any]) -> str:
        tracking = only(document, "aws_autoscaling_policy")["target_tracking_configuration"]
        return str(tracking["predefined_metric_specification"]["predefined_metric_type"])

    assert (metric(balanced), metric(on_cpu)) == ("ALBRequestCountPerTarget", "ASGAverageCPUUtilization")
    assert only(balanced, "aws_autoscaling_policy")["depends_on"] == [
        f"aws_lb_listener.{name}" for name in balanced["resource"]["aws_lb_listener"]
    ]


def test_a_group_of_one_size_needs_nothing_that_changes_it(write_stack: Any, tmp_path: Path) -> None:
    replicas = samples.deployment_balanced()["replicas"] | {"min": 3, "max": 3}
    document = write_stack(samples.deployment_balanced(replicas=replicas), tmp_path)

    assert "aws_autoscaling_policy" not in document["resource"]


def test_the_outputs_name_group_balancer_and_address(
    balanced: dict[str, Any], write_stack: Any, tmp_path: Path
) -> None:
    outputs = read_deployment_outputs(balanced["output"])
    assert outputs.instance_id.startswith("${aws_autoscaling_group.")
    assert outputs.address == "dep-01k00000000000000000000000-1.models.example.com"
    assert (outputs.private_ip, outputs.public_ip, outputs.spot_request_id) == (None, None, None)
    assert outputs.balancer_name is not None

    unnamed = samples.deployment_balanced()["balancer"] | {"dns_zone": None}
    document = write_stack(samples.deployment_balanced(balancer=unnamed), tmp_path)
    assert read_deployment_outputs(document["output"]).address.endswith(".dns_name}")
    assert "aws_route53_record" not in document["resource"]


@pytest.mark.parametrize("number", [1, 2, 99, 100, 999_999])
def test_no_two_placements_share_a_balancers_name(number: int) -> None:
    name = names.balancer(f"{samples.DEPLOYMENT_ID}-{number}")

    assert len(name) <= 32
    assert "_" not in name
    others = {
        names.balancer(f"{samples.DEPLOYMENT_ID}-{other}") for other in range(1, 300) if other != number
    }
    assert name not in others
