"""What tells an operator how the platform is: a topic for alarms, the services' logs, alarms and a dashboard."""

from collections.abc import Sequence
from dataclasses import dataclass

from cdktf_cdktf_provider_aws.cloudwatch_dashboard import CloudwatchDashboard
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.cloudwatch_log_metric_filter import (
    CloudwatchLogMetricFilter,
    CloudwatchLogMetricFilterMetricTransformation,
)
from cdktf_cdktf_provider_aws.sns_topic import SnsTopic
from cdktf_cdktf_provider_aws.sns_topic_policy import SnsTopicPolicy
from cdktf_cdktf_provider_aws.sns_topic_subscription import SnsTopicSubscription
from constructs import Construct

from infra.cdktf import ids
from infra.cdktf.accepted import accept
from infra.cdktf.constructs.aws import dashboard, policy
from infra.cdktf.constructs.aws.alarm import AlarmRule, raise_alarm

MOST_ERRORS = 5  # In five minutes; one error is a line in the log, a handful is news.
ERROR_LINES = '{ $.level = "error" || $.level = "critical" }'


@dataclass(frozen=True)
class AlarmTopicProps:
    name: str
    account: str
    region: str
    key_arn: str | None
    emails: tuple[str, ...]


class AlarmTopic(Construct):
    """Alarms of this environment publish to it, and nothing else does. Each address has to confirm AWS's mail."""

    def __init__(self, scope: Construct, id_: str, props: AlarmTopicProps) -> None:
        super().__init__(scope, id_)
        # AWS's own key for SNS would not do: alarms can't use it.
        topic = SnsTopic(self, ids.TOPIC, name=f"{props.name}-alarms", kms_master_key_id=props.key_arn)
        self.arn = topic.arn
        SnsTopicPolicy(
            self,
            ids.POLICY,
            arn=self.arn,
            policy=policy.document(
                policy.only_by_tls("sns:Publish", [self.arn]),
                {
                    "Sid": "Alarms",
                    "Effect": "Allow",
                    "Principal": {"Service": "cloudwatch.amazonaws.com"},
                    "Action": "sns:Publish",
                    "Resource": self.arn,
                    "Condition": {
                        "StringEquals": {"aws:SourceAccount": props.account},
                        "ArnLike": {
                            "aws:SourceArn": f"arn:aws:cloudwatch:{props.region}:{props.account}"
                            f":alarm:{props.name}-*"
                        },
                    },
                },
            ),
        )
        for email in props.emails:
            SnsTopicSubscription(
                self, f"{ids.SUBSCRIPTION}-{email}", topic_arn=self.arn, protocol="email", endpoint=email
            )


@dataclass(frozen=True)
class ObservabilityProps:
    """`alarms` are rules to build here."""

    name: str
    region: str
    services: tuple[str, ...]
    log_groups: str
    retention_days: int
    key_arn: str | None
    alarm_topic_arn: str
    alarms: tuple[AlarmRule, ...]
    queues: tuple[tuple[str, str], ...]
    bucket: str


class Observability(Construct):
    def __init__(self, scope: Construct, id_: str, props: ObservabilityProps) -> None:
        super().__init__(scope, id_)
        self._props = props
        self._metrics = f"FlowLlama/{props.name}"
        self.log_groups = {service: self._log_group(service) for service in props.services}
        rules = (*(self._errors(service) for service in props.services), *props.alarms)
        self._alarms = tuple(raise_alarm(self, rule, props.alarm_topic_arn) for rule in rules)

    def show(self, alarm_arns: Sequence[str]) -> str:
        """Build the dashboard, with these alarms beside its own; returns its name. Once, when all alarms are known."""
        props = self._props
        return CloudwatchDashboard(
            self,
            ids.DASHBOARD,
            # Dashboards are the account's, not the region's: a platform in another one would take this over.
            dashboard_name=f"{props.name}-{props.region}",
            dashboard_body=dashboard.body(
                region=props.region,
                queues=props.queues,
                errors=[(self._metrics, f"{service}-errors") for service in props.services],
                bucket=props.bucket,
                alarms=(*self._alarms, *alarm_arns),
            ),
        ).dashboard_name

    def _log_group(self, service: str) -> str:
        group = CloudwatchLogGroup(
            self,
            f"{ids.LOG_GROUP}-{service}",
            name=f"{self._props.log_groups}/{service}",
            retention_in_days=self._props.retention_days,
            kms_key_id=self._props.key_arn,
        )
        accept(group, CKV_AWS_338="How long logs are kept is the operator's to say, in log_retention_days.")
        CloudwatchLogMetricFilter(
            self,
            f"{ids.ERRORS}-{service}",
            name=f"{service}-errors",
            log_group_name=group.name,
            pattern=ERROR_LINES,
            metric_transformation=CloudwatchLogMetricFilterMetricTransformation(
                name=f"{service}-errors", namespace=self._metrics, value="1", default_value="0"
            ),
        )
        return group.name

    def _errors(self, service: str) -> AlarmRule:
        return AlarmRule(
            id=f"{ids.ALARM}-{service}-errors",
            name=f"{self._props.name}-{service}-errors",
            description=f"{service} logs errors.",
            namespace=self._metrics,
            metric=f"{service}-errors",
            dimensions={},
            above=MOST_ERRORS,
            statistic="Sum",
        )
