"""What makes a group grow and shrink.

Ollama on a GPU leaves the CPU idle while it answers, so there only the balancer knows how busy a machine is: by
the requests that it sends. Without a GPU Ollama takes every core while it answers, and the CPU says it better than a
count of requests, which are short or long.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cdktf_cdktf_provider_google.compute_autoscaler import (
    ComputeAutoscaler,
    ComputeAutoscalerAutoscalingPolicy,
    ComputeAutoscalerAutoscalingPolicyCpuUtilization,
    ComputeAutoscalerAutoscalingPolicyLoadBalancingUtilization,
    ComputeAutoscalerAutoscalingPolicyScaleInControl,
    ComputeAutoscalerAutoscalingPolicyScaleInControlMaxScaledInReplicas,
)
from cdktf_cdktf_provider_google.compute_region_autoscaler import (
    ComputeRegionAutoscaler,
    ComputeRegionAutoscalerAutoscalingPolicy,
    ComputeRegionAutoscalerAutoscalingPolicyCpuUtilization,
    ComputeRegionAutoscalerAutoscalingPolicyLoadBalancingUtilization,
    ComputeRegionAutoscalerAutoscalingPolicyScaleInControl,
    ComputeRegionAutoscalerAutoscalingPolicyScaleInControlMaxScaledInReplicas,
)
from constructs import Construct

from infra.cdktf import ids, load

# A machine that goes takes its loaded model with it; one in ten minutes is soon enough to save money.
_SHRINK_BY, _SHRINK_WINDOW_S = 1, 600


Autoscaler = ComputeAutoscaler | ComputeRegionAutoscaler


class Signal(StrEnum):
    CPU = "cpu"
    REQUESTS = "requests"


@dataclass(frozen=True)
class Range:
    """`boot_s` is how long a new machine says nothing of use about the load."""

    name: str
    region: str
    zones: tuple[str, ...]
    least: int
    most: int
    signal: Signal
    boot_s: int


def signal_for(*, has_gpu: bool) -> Signal:
    return Signal.REQUESTS if has_gpu else Signal.CPU


def scale(scope: Construct, range_: Range, group_id: str) -> Autoscaler:
    if len(range_.zones) == 1:
        return ComputeAutoscaler(
            scope,
            ids.AUTOSCALER,
            name=range_.name,
            zone=range_.zones[0],
            target=group_id,
            autoscaling_policy=_zonal(range_),
        )
    return ComputeRegionAutoscaler(
        scope,
        ids.AUTOSCALER,
        name=range_.name,
        region=range_.region,
        target=group_id,
        autoscaling_policy=_regional(range_),
    )


def _zonal(range_: Range) -> ComputeAutoscalerAutoscalingPolicy:
    return ComputeAutoscalerAutoscalingPolicy(
        cpu_utilization=ComputeAutoscalerAutoscalingPolicyCpuUtilization(target=load.TARGET)
        if range_.signal is Signal.CPU
        else None,
        load_balancing_utilization=ComputeAutoscalerAutoscalingPolicyLoadBalancingUtilization(
            target=load.TARGET
        )
        if range_.signal is Signal.REQUESTS
        else None,
        scale_in_control=ComputeAutoscalerAutoscalingPolicyScaleInControl(
            max_scaled_in_replicas=ComputeAutoscalerAutoscalingPolicyScaleInControlMaxScaledInReplicas(
                fixed=_SHRINK_BY
            ),
            time_window_sec=_SHRINK_WINDOW_S,
        ),
        **_bounds(range_),
    )


def _regional(range_: Range) -> ComputeRegionAutoscalerAutoscalingPolicy:
    return ComputeRegionAutoscalerAutoscalingPolicy(
        cpu_utilization=ComputeRegionAutoscalerAutoscalingPolicyCpuUtilization(target=load.TARGET)
        if range_.signal is Signal.CPU
        else None,
        load_balancing_utilization=ComputeRegionAutoscalerAutoscalingPolicyLoadBalancingUtilization(
            target=load.TARGET
        )
        if range_.signal is Signal.REQUESTS
        else None,
        scale_in_control=ComputeRegionAutoscalerAutoscalingPolicyScaleInControl(
            max_scaled_in_replicas=ComputeRegionAutoscalerAutoscalingPolicyScaleInControlMaxScaledInReplicas(
                fixed=_SHRINK_BY
            ),
            time_window_sec=_SHRINK_WINDOW_S,
        ),
        **_bounds(range_),
    )


def _bounds(range_: Range) -> dict[str, Any]:
    return {
        "min_replicas": range_.least,
        "max_replicas": range_.most,
        "cooldown_period": range_.boot_s,
        "mode": "ON",
    }
