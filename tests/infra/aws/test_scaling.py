"""A group keeps its size, mixes spot with on-demand as told, rolls one by one, and ends when it is destroyed."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.infra.aws.conftest import Build, Synthesised


def group(build: Build, **changes: Any) -> Synthesised:
    from infra.cdktf.constructs.aws import scaling

    given: dict[str, Any] = {
        "name": "flowllama-test-dep_x-1",
        "template_id": "lt-0123456789abcdef0",
        "template_version": "3",
        "types": ("g5.xlarge", "g6.xlarge"),
        "subnets": ("subnet-0123456789abcdef0", "subnet-0123456789abcdef1"),
        "least": 2,
        "most": 5,
        "mix": scaling.ON_DEMAND,
        "boot_s": 1200,
        "tags": {"managed-by": "flowllama"},
        "target_group_arns": ("arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/t/1",),
    }
    return build(
        lambda stack: scaling.ScalingGroup(stack, "scaling", scaling.ScalingProps(**given | changes))
    )


def mixed(build: Build, **mix: Any) -> dict[str, Any]:
    from infra.cdktf.constructs.aws.scaling import Mix

    made: dict[str, Any] = group(build, mix=Mix(**mix)).only("aws_autoscaling_group")
    return made


def test_the_autoscaler_alone_says_how_many_there_are(build: Build) -> None:
    made = group(build).only("aws_autoscaling_group")

    assert (made["min_size"], made["desired_capacity"], made["max_size"]) == (2, 2, 5)
    assert made["lifecycle"] == {"ignore_changes": ["desired_capacity"]}
    assert group(build, desired=4).only("aws_autoscaling_group")["desired_capacity"] == 4


def test_some_are_on_demand_and_the_rest_is_spot_of_several_types(build: Build) -> None:
    made = mixed(build, on_demand_base=1, on_demand_percent=25, spot_max_usd=Decimal("0.61"))

    policy = made["mixed_instances_policy"]
    assert policy["instances_distribution"] == {
        "on_demand_allocation_strategy": "prioritized",
        "on_demand_base_capacity": 1,
        "on_demand_percentage_above_base_capacity": 25,
        "spot_allocation_strategy": "capacity-optimized",
        "spot_max_price": "0.61",
    }
    assert policy["launch_template"] == {
        "launch_template_specification": {"launch_template_id": "lt-0123456789abcdef0", "version": "3"},
        "override": [{"instance_type": "g5.xlarge"}, {"instance_type": "g6.xlarge"}],
    }
    assert made["capacity_rebalance"] is True


def test_without_spot_nothing_is_replaced_ahead_of_an_interruption(build: Build) -> None:
    made = group(build).only("aws_autoscaling_group")

    assert made["capacity_rebalance"] is False
    distribution = made["mixed_instances_policy"]["instances_distribution"]
    assert distribution["on_demand_percentage_above_base_capacity"] == 100
    assert "spot_max_price" not in distribution


def test_the_balancer_judges_a_machine_after_it_had_time_to_boot(build: Build) -> None:
    behind = group(build).only("aws_autoscaling_group")
    alone = group(build, target_group_arns=()).only("aws_autoscaling_group")

    assert (behind["health_check_type"], alone["health_check_type"]) == ("ELB", "EC2")
    assert behind["health_check_grace_period"] == behind["default_instance_warmup"] == 1200


def test_a_new_template_rolls_in_before_an_old_machine_goes(build: Build) -> None:
    refresh = group(build).only("aws_autoscaling_group")["instance_refresh"]

    assert refresh == {
        "strategy": "Rolling",
        "preferences": {
            "min_healthy_percentage": 100,
            "max_healthy_percentage": 110,
            "instance_warmup": "1200",
            "skip_matching": True,
        },
    }
    cheaper = group(build, min_healthy_percent=50).only("aws_autoscaling_group")["instance_refresh"]
    assert cheaper["preferences"]["min_healthy_percentage"] == 50
    assert "max_healthy_percentage" not in cheaper["preferences"]


def test_an_apply_and_a_destroy_end(build: Build) -> None:
    made = group(build).only("aws_autoscaling_group")

    assert made["force_delete"] is True
    assert made["wait_for_capacity_timeout"] == "8m", "less than the agent's quarter of an hour"
    assert made["timeouts"]["delete"] == "20m"


def test_machines_get_the_groups_tags(build: Build) -> None:
    tags = group(build).only("aws_autoscaling_group")["tag"]

    assert {one["key"]: one["value"] for one in tags} == {
        "managed-by": "flowllama",
        "Name": "flowllama-test-dep_x-1",
    }
    assert all(one["propagate_at_launch"] for one in tags)


def tracking(build: Build, target: Callable[[Any], Any]) -> dict[str, Any]:
    from infra.cdktf.constructs.aws import target_tracking

    made = build(lambda stack: target_tracking.track(stack, "tracking", "the-group", target(target_tracking)))
    found: dict[str, Any] = made.only("aws_autoscaling_policy")
    assert found["policy_type"] == "TargetTrackingScaling"
    assert found["autoscaling_group_name"] == "the-group"
    return dict(found["target_tracking_configuration"])


def test_requests_a_machine_or_the_cpu_make_a_group_grow(build: Build) -> None:
    requests = tracking(build, lambda module: module.Requests(8.4, "app/a/1", "targetgroup/t/2"))
    cpu = tracking(build, lambda module: module.Cpu())

    assert requests == {
        "target_value": 8.4,
        "predefined_metric_specification": {
            "predefined_metric_type": "ALBRequestCountPerTarget",
            "resource_label": "app/a/1/targetgroup/t/2",
        },
    }
    assert cpu == {
        "target_value": 70,
        "predefined_metric_specification": {"predefined_metric_type": "ASGAverageCPUUtilization"},
    }


@pytest.mark.parametrize(("parallel", "a_minute"), [(1, 4.2), (2, 8.4), (64, 268.8)])
def test_a_machine_is_asked_as_much_as_it_answers_at_a_time(parallel: int, a_minute: float) -> None:
    from infra.cdktf.constructs.aws.target_tracking import usual_requests_a_minute

    assert usual_requests_a_minute(parallel) == a_minute
