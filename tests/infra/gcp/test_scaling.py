"""How a group keeps its machines: how many, where, how long it waits, and how it rolls."""

from typing import Any

import pytest

from infra.cdktf import patience
from tests.infra.gcp.conftest import Stacks
from tests.infra.test_stacks import only

REGIONAL, ZONAL = "google_compute_region_instance_group_manager", "google_compute_instance_group_manager"
BALANCED = "gcp-deployment-balanced"


def check(stacks: Stacks, name: str, which: str) -> dict[str, Any]:
    checks = stacks[name]["resource"]["google_compute_health_check"].values()
    (found,) = (one for one in checks if one["name"].endswith(which))
    return dict(found)


def test_one_zone_is_a_zonal_group_and_several_are_a_regional_one(stacks: Stacks) -> None:
    several, one = stacks[BALANCED]["resource"], stacks["balanced-one-zone"]["resource"]

    assert ZONAL not in several
    assert only(stacks[BALANCED], REGIONAL)["distribution_policy_zones"] == [
        "us-central1-a",
        "us-central1-b",
        "us-central1-c",
    ]
    assert {REGIONAL, "google_compute_region_autoscaler"} & set(one) == set()
    assert only(stacks["balanced-one-zone"], ZONAL)["zone"] == "us-central1-a"
    assert only(stacks["balanced-one-zone"], "google_compute_autoscaler")["zone"] == "us-central1-a"


def test_machines_are_taken_where_they_are_to_be_had_and_stay_there(stacks: Stacks) -> None:
    group = only(stacks[BALANCED], REGIONAL)

    assert group["distribution_policy_target_shape"] == "BALANCED"
    assert group["update_policy"]["instance_redistribution_type"] == "NONE"


@pytest.mark.parametrize(
    ("name", "kind", "zones"), [(BALANCED, REGIONAL, 3), ("balanced-one-zone", ZONAL, 1)]
)
def test_it_rolls_without_a_gap_and_by_as_many_as_google_takes(
    stacks: Stacks, name: str, kind: str, zones: int
) -> None:
    policy = only(stacks[name], kind)["update_policy"]

    assert (policy["type"], policy["minimal_action"]) == ("PROACTIVE", "REPLACE")
    # Of a regional group Google takes 0, or as many as it has zones.
    assert (policy["max_surge_fixed"], policy["max_unavailable_fixed"]) == (zones, 0)


def test_it_follows_the_template_by_a_link_of_this_very_version(stacks: Stacks) -> None:
    (version,) = only(stacks[BALANCED], REGIONAL)["version"]

    assert version["instance_template"].endswith(".self_link_unique}")


def test_the_bounds_are_the_specs_and_terraform_never_sets_the_size(stacks: Stacks) -> None:
    policy = only(stacks[BALANCED], "google_compute_region_autoscaler")["autoscaling_policy"]

    assert (policy["min_replicas"], policy["max_replicas"]) == (1, 4)
    assert "target_size" not in only(stacks[BALANCED], REGIONAL)
    fixed = only(stacks["balanced-one-zone"], "google_compute_autoscaler")["autoscaling_policy"]
    assert (fixed["min_replicas"], fixed["max_replicas"]) == (2, 2)


def test_with_a_gpu_the_balancers_requests_count_and_without_one_the_cpu(stacks: Stacks) -> None:
    gpu = only(stacks[BALANCED], "google_compute_region_autoscaler")["autoscaling_policy"]
    cpu = only(stacks["balanced-no-gpu"], "google_compute_region_autoscaler")["autoscaling_policy"]

    assert (gpu["load_balancing_utilization"], gpu.get("cpu_utilization")) == ({"target": 0.7}, None)
    assert (cpu["cpu_utilization"], cpu.get("load_balancing_utilization")) == ({"target": 0.7}, None)


def test_the_requests_are_counted_before_anything_scales_by_them(stacks: Stacks) -> None:
    (after,) = only(stacks[BALANCED], "google_compute_region_autoscaler")["depends_on"]

    assert after.startswith("google_compute_backend_service.")


def test_it_shrinks_by_one_at_a_time(stacks: Stacks) -> None:
    for name, kind in (
        (BALANCED, "google_compute_region_autoscaler"),
        ("balanced-one-zone", "google_compute_autoscaler"),
    ):
        control = only(stacks[name], kind)["autoscaling_policy"]["scale_in_control"]
        assert control == {"max_scaled_in_replicas": {"fixed": 1}, "time_window_sec": 600}


@pytest.mark.parametrize(
    ("name", "kind", "seconds"), [(BALANCED, REGIONAL, 2100), ("balanced-no-gpu", REGIONAL, 800)]
)
def test_a_machine_may_take_as_long_to_boot_as_its_disk_takes_to_fill(
    stacks: Stacks, name: str, kind: str, seconds: int
) -> None:
    repair = only(stacks[name], kind)["auto_healing_policies"]

    assert repair["initial_delay_sec"] == seconds
    cooldown = only(stacks[name], "google_compute_region_autoscaler")["autoscaling_policy"]["cooldown_period"]
    assert cooldown == seconds // 2


def test_no_boot_may_take_longer_than_google_waits() -> None:
    assert patience.boot_s(16_384) == 3600


def test_both_checks_ask_the_open_path_over_tls(stacks: Stacks) -> None:
    for which in ("-repair", "-traffic"):
        asked = check(stacks, BALANCED, which)
        assert asked["https_health_check"] == {
            "port": 11434,
            "port_specification": "USE_FIXED_PORT",
            "request_path": "/_flowllama/ready",
        }
        assert asked["timeout_sec"] <= asked["check_interval_sec"]


def test_traffic_goes_elsewhere_long_before_a_machine_is_replaced(stacks: Stacks) -> None:
    def seconds(which: str) -> int:
        asked = check(stacks, BALANCED, which)
        return int(asked["check_interval_sec"] * asked["unhealthy_threshold"])

    assert seconds("-traffic") == 30
    assert seconds("-repair") == 180
