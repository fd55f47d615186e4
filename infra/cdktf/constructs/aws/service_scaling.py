"""How many tasks a service has: by the messages that wait for each, or by the CPU that each uses."""

from dataclasses import dataclass

from cdktf_cdktf_provider_aws.appautoscaling_policy import (
    AppautoscalingPolicy,
    AppautoscalingPolicyTargetTrackingScalingPolicyConfiguration,
    AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecification,
    AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetrics,
    AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricsMetricStat,
    AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricsMetricStatMetric,
    AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricsMetricStatMetricDimensions,
    AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecification,
)
from cdktf_cdktf_provider_aws.appautoscaling_target import AppautoscalingTarget
from constructs import Construct

from infra.cdktf import ids

CPU_PERCENT = 60
# A task more is soon of use. One less waits: it interrupts what it does, and the agent's work takes minutes.
_OUT_AFTER_S, _IN_AFTER_S = 60, 600

_Tracking = AppautoscalingPolicyTargetTrackingScalingPolicyConfiguration
_Custom = AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecification
_Metric = AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetrics
_Stat = (
    AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricsMetricStat
)
_Of = AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricsMetricStatMetric
_Dimension = AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricsMetricStatMetricDimensions
_Predefined = AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecification


@dataclass(frozen=True)
class Scale:
    """`queues` are names of queues; with them `backlog` messages may wait for each task, without them CPU decides."""

    least: int
    most: int
    queues: tuple[str, ...] = ()
    backlog: int | None = None


def scale(scope: Construct, wanted: Scale, *, cluster: str, service: str) -> None:
    target = AppautoscalingTarget(
        scope,
        ids.SCALING_TARGET,
        service_namespace="ecs",
        scalable_dimension="ecs:service:DesiredCount",
        resource_id=f"service/{cluster}/{service}",
        min_capacity=wanted.least,
        max_capacity=wanted.most,
    )
    AppautoscalingPolicy(
        scope,
        ids.SCALING_POLICY,
        name="backlog" if wanted.queues else "cpu",
        policy_type="TargetTrackingScaling",
        service_namespace=target.service_namespace,
        scalable_dimension=target.scalable_dimension,
        resource_id=target.resource_id,
        target_tracking_scaling_policy_configuration=_by_backlog(wanted, cluster, service)
        if wanted.queues
        else _by_cpu(),
    )


def _by_cpu() -> _Tracking:
    return _Tracking(
        target_value=CPU_PERCENT,
        predefined_metric_specification=_Predefined(predefined_metric_type="ECSServiceAverageCPUUtilization"),
        scale_out_cooldown=_OUT_AFTER_S,
        scale_in_cooldown=_IN_AFTER_S,
    )


def _by_backlog(wanted: Scale, cluster: str, service: str) -> _Tracking:
    waiting = [f"m{index}" for index in range(len(wanted.queues))]
    metrics = [
        *(
            _measured(id_, "AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", QueueName=queue)
            for id_, queue in zip(waiting, wanted.queues, strict=True)
        ),
        _measured(
            "tasks",
            "ECS/ContainerInsights",
            "RunningTaskCount",
            "Average",
            ClusterName=cluster,
            ServiceName=service,
        ),
        _Metric(
            id="backlog",
            label="Messages that wait for each task",
            # A service without a task is reckoned as one with a single task, so that it gets its first.
            expression=f"({' + '.join(waiting)}) / IF(tasks > 0, tasks, 1)",
            return_data=True,
        ),
    ]
    return _Tracking(
        target_value=wanted.backlog or 1,
        customized_metric_specification=_Custom(metrics=metrics),
        scale_out_cooldown=_OUT_AFTER_S,
        scale_in_cooldown=_IN_AFTER_S,
    )


def _measured(id_: str, namespace: str, metric: str, statistic: str, **dimensions: str) -> _Metric:
    return _Metric(
        id=id_,
        return_data=False,
        metric_stat=_Stat(
            stat=statistic,
            metric=_Of(
                namespace=namespace,
                metric_name=metric,
                dimensions=[_Dimension(name=name, value=value) for name, value in dimensions.items()],
            ),
        ),
    )
