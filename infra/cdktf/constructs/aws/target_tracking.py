"""What makes a scaling group grow and shrink: the figure of one metric, which AWS keeps where it is told.

Ollama on a GPU leaves the CPU idle while it answers, so there only the balancer knows how busy a machine is: by the
requests that it sends to each. Without a GPU Ollama takes every core while it answers, and the CPU says it better than a
count of requests, which are short or long. The GPU's own load would be a metric that each machine has to publish, and it
is full with one request as with ten.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cdktf import ITerraformDependable
from cdktf_cdktf_provider_aws.autoscaling_policy import (
    AutoscalingPolicy,
    AutoscalingPolicyTargetTrackingConfiguration,
    AutoscalingPolicyTargetTrackingConfigurationPredefinedMetricSpecification,
)
from constructs import Construct

from infra.cdktf import load

CPU_PERCENT = 100 * load.TARGET


@dataclass(frozen=True)
class Cpu:
    """The mean of the group's CPUs, in per cent."""

    percent: float = CPU_PERCENT


@dataclass(frozen=True)
class Requests:
    """Requests a minute for each machine, as the balancer of these two ARN suffixes counts them."""

    per_minute: float
    balancer_suffix: str
    target_group_suffix: str


Target = Cpu | Requests


def usual_requests_a_minute(parallel: int) -> float:
    """What a machine that writes so many answers at a time takes at seven tenths of its load."""
    return round(load.usual_requests_a_second(parallel) * 60 * load.TARGET, 1)


def track(
    scope: Construct, id_: str, group_name: str, target: Target, *, after: Sequence[ITerraformDependable] = ()
) -> None:
    """`after` is the listener: AWS refuses to count requests for a target group that no balancer has yet."""
    AutoscalingPolicy(
        scope,
        id_,
        name=f"{group_name}-{id_}",
        autoscaling_group_name=group_name,
        policy_type="TargetTrackingScaling",
        target_tracking_configuration=AutoscalingPolicyTargetTrackingConfiguration(
            target_value=target.percent if isinstance(target, Cpu) else target.per_minute,
            predefined_metric_specification=_metric(target),
        ),
        depends_on=list(after),
    )


def _metric(target: Target) -> AutoscalingPolicyTargetTrackingConfigurationPredefinedMetricSpecification:
    if isinstance(target, Cpu):
        return AutoscalingPolicyTargetTrackingConfigurationPredefinedMetricSpecification(
            predefined_metric_type="ASGAverageCPUUtilization"
        )
    return AutoscalingPolicyTargetTrackingConfigurationPredefinedMetricSpecification(
        predefined_metric_type="ALBRequestCountPerTarget",
        resource_label=f"{target.balancer_suffix}/{target.target_group_suffix}",
    )
