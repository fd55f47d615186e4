"""What tells an operator how the platform is: the services' logs, their errors counted, alarms and a dashboard."""

from collections.abc import Sequence
from dataclasses import dataclass

from cdktf_cdktf_provider_google.logging_metric import LoggingMetric, LoggingMetricMetricDescriptor
from cdktf_cdktf_provider_google.monitoring_dashboard import MonitoringDashboard
from constructs import Construct

from infra.cdktf import ids
from infra.cdktf.constructs.gcp import dashboard, log_store, run_names
from infra.cdktf.constructs.gcp.alarm import AlarmRule, raise_alarm, series

MOST_ERRORS = 5  # In five minutes; one error is a line in the log, a handful is news.
ERROR_LINES = 'jsonPayload.level=("error" OR "critical")'


@dataclass(frozen=True)
class ObservabilityProps:
    """`queues` are pairs of a queue's subscription and its dead letters'; `copy_job` is what copies models, if anything."""

    services: tuple[str, ...]
    logs: log_store.LogStoreProps
    channels: tuple[str, ...]
    queues: tuple[tuple[str, str], ...]
    bucket: str
    copy_job: str | None


class Observability(Construct):
    """`log_buckets` are ids by service."""

    def __init__(self, scope: Construct, id_: str, props: ObservabilityProps) -> None:
        super().__init__(scope, id_)
        self._props, self._name = props, props.logs.name
        self.log_buckets = {service: self._keep(service) for service in props.services}
        lines = run_names.lines_of(self._name, props.services)
        log_store.keep_nowhere_else(self, "services", lines, props.logs)
        self._errors = {service: self._count_errors(service) for service in props.services}
        rules = [self._too_many(service) for service in props.services]
        if props.copy_job:
            rules.append(self._copy_failures(props.copy_job))
        self._alarms = tuple(raise_alarm(self, rule, props.channels) for rule in rules)

    def show(self, alarms: Sequence[str]) -> str:
        """Build the dashboard, with these alarms beside its own; returns its id. Once, when all alarms are known."""
        props = self._props
        errors = [found for its in self._errors.values() for found in its]
        return MonitoringDashboard(
            self,
            ids.DASHBOARD,
            dashboard_json=dashboard.body(
                title=self._name,
                queues=props.queues,
                errors=errors,
                bucket=props.bucket,
                alarms=(*self._alarms, *alarms),
            ),
        ).id

    def _keep(self, service: str) -> str:
        return log_store.keep(self, service, run_names.lines_of(self._name, [service]), self._props.logs)

    def _count_errors(self, service: str) -> tuple[str, ...]:
        lines = run_names.lines_of(self._name, [service])
        metric = self._count(service, "errors", f"({lines}) AND {ERROR_LINES}")
        return tuple(series(metric, kind) for kind in run_names.kinds_of_lines(service))

    def _too_many(self, service: str) -> AlarmRule:
        return AlarmRule(
            id=f"{ids.ALARM}-{service}-errors",
            name=f"{self._name}-{service}-errors",
            description=f"{service} logs errors.",
            series=self._errors[service],
            above=MOST_ERRORS,
            counted=True,
        )

    def _copy_failures(self, job: str) -> AlarmRule:
        # The job logs what fails and nothing else.
        kind = "storage_transfer_job"
        metric = self._count(
            "copy", "failures", f'resource.type="{kind}" AND resource.labels.job_id=~"{job}$"'
        )
        return AlarmRule(
            id=f"{ids.ALARM}-replication",
            name=f"{self._name}-replication",
            description="A model could not be copied to the second region.",
            series=(series(metric, kind),),
            above=0,
            counted=True,
        )

    def _count(self, whose: str, what: str, filter_: str) -> str:
        """Returns the metric, by a reference: an alarm on one that does not stand yet is refused."""
        metric = LoggingMetric(
            self,
            f"{ids.ERRORS}-{whose}",
            name=f"{self._name}-{whose}-{what}",
            filter=filter_,
            metric_descriptor=LoggingMetricMetricDescriptor(
                metric_kind="DELTA", value_type="INT64", unit="1"
            ),
        )
        return f"logging.googleapis.com/user/{metric.name}"
