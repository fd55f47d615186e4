"""An alert policy that tells its channels when it starts and when it is over. Rules are data, so lists of them are too."""

from dataclasses import dataclass

from cdktf_cdktf_provider_google.monitoring_alert_policy import (
    MonitoringAlertPolicy,
    MonitoringAlertPolicyAlertStrategy,
    MonitoringAlertPolicyConditions,
    MonitoringAlertPolicyConditionsConditionThreshold,
    MonitoringAlertPolicyConditionsConditionThresholdAggregations,
    MonitoringAlertPolicyConditionsConditionThresholdTrigger,
    MonitoringAlertPolicyDocumentation,
)
from constructs import Construct

PERIOD_S = 300
# What reports nothing any more, such as a service without errors, is over after the shortest time that Google takes.
_OVER_AFTER_S = 1800


@dataclass(frozen=True)
class AlarmRule:
    """It goes off when any of `series` is above `above` in each of `periods` periods of five minutes in a row.

    A series is a filter for one metric of one kind of resource. `counted`: what happened in a period is added up;
    otherwise the highest value counts.
    """

    id: str
    name: str
    description: str
    series: tuple[str, ...]
    above: int
    periods: int = 1
    counted: bool = False


def raise_alarm(scope: Construct, rule: AlarmRule, channels: tuple[str, ...]) -> str:
    """Build the policy; returns its name."""
    return MonitoringAlertPolicy(
        scope,
        rule.id,
        display_name=rule.name,
        combiner="OR",
        conditions=[
            MonitoringAlertPolicyConditions(
                display_name=rule.description, condition_threshold=_above(rule, one)
            )
            for one in rule.series
        ],
        notification_channels=list(channels),
        alert_strategy=MonitoringAlertPolicyAlertStrategy(auto_close=f"{_OVER_AFTER_S}s"),
        documentation=MonitoringAlertPolicyDocumentation(content=rule.description, mime_type="text/markdown"),
    ).name


def series(metric: str, resource: str, **labels: str) -> str:
    """The filter of a metric; `labels` are those of the resource."""
    parts = [f'metric.type="{metric}"', f'resource.type="{resource}"']
    return " AND ".join([*parts, *(f'resource.labels.{name}="{value}"' for name, value in labels.items())])


def _above(rule: AlarmRule, wanted: str) -> MonitoringAlertPolicyConditionsConditionThreshold:
    return MonitoringAlertPolicyConditionsConditionThreshold(
        filter=wanted,
        comparison="COMPARISON_GT",
        threshold_value=rule.above,
        # The first period is the alignment's; the value must then stay above for the rest.
        duration=f"{(rule.periods - 1) * PERIOD_S}s",
        aggregations=[
            MonitoringAlertPolicyConditionsConditionThresholdAggregations(
                alignment_period=f"{PERIOD_S}s",
                per_series_aligner="ALIGN_DELTA" if rule.counted else "ALIGN_MAX",
                cross_series_reducer="REDUCE_SUM" if rule.counted else "REDUCE_MAX",
            )
        ],
        trigger=MonitoringAlertPolicyConditionsConditionThresholdTrigger(count=1),
    )
