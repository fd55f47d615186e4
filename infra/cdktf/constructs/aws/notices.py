"""Spot interruption warnings on their way to health's queue: two minutes that an instance in trouble may not use itself.

EC2 tells the event bus of the machine's own region. The platform's rule takes them from the bus of its region, as
one of our messages; the networks of other regions forward theirs to that bus. A warning names no deployment: health
knows the machine by its id, and leaves out what is not ours.
"""

import json
from dataclasses import dataclass

from cdktf_cdktf_provider_aws.cloudwatch_event_rule import CloudwatchEventRule
from cdktf_cdktf_provider_aws.cloudwatch_event_target import (
    CloudwatchEventTarget,
    CloudwatchEventTargetInputTransformer,
    CloudwatchEventTargetRetryPolicy,
    CloudwatchEventTargetSqsTarget,
)
from cdktf_cdktf_provider_aws.iam_role import IamRole
from constructs import Construct

from infra.cdktf import ids, names, notice
from infra.cdktf.constructs.aws import policy
from infra.cdktf.constructs.aws.alarm import AlarmRule, raise_alarm
from infra.cdktf.constructs.aws.grants import Grant, allow

WARNINGS = {"source": ["aws.ec2"], "detail-type": [notice.WARNING]}
# After that the machine is gone, and health has asked the cloud for it.
_WORTH_S = 300

_EVENTS = "events.amazonaws.com"


@dataclass(frozen=True)
class SpotNoticesProps:
    """`queue_arn` is health's queue, whose policy has to let the rule of `rule_arn` send."""

    name: str
    queue_arn: str
    alarm_topic_arn: str


class SpotNotices(Construct):
    """In the platform's region: warnings of all regions become messages. `alarm` is the ARN of the one alarm."""

    def __init__(self, scope: Construct, id_: str, props: SpotNoticesProps) -> None:
        super().__init__(scope, id_)
        rule = _rule(self, props.name, "Spot warnings to health's queue")
        CloudwatchEventTarget(
            self,
            ids.NOTICE_TARGET,
            rule=rule.name,
            arn=props.queue_arn,
            # A group can't come from the event: all notices share one, and health is done with each at once.
            sqs_target=CloudwatchEventTargetSqsTarget(message_group_id=notice.GROUP),
            input_transformer=CloudwatchEventTargetInputTransformer(
                input_paths=dict(notice.PATHS), input_template=notice.template()
            ),
            retry_policy=_while_it_is_worth_it(),
        )
        self.alarm = raise_alarm(self, _undelivered(props.name), props.alarm_topic_arn)


def rule_arn(name: str, region: str, account: str) -> str:
    """Known beforehand, because the queue's policy and the rule name each other."""
    return f"arn:aws:events:{region}:{account}:rule/{_rule_name(name)}"


@dataclass(frozen=True)
class ForwardedNoticesProps:
    """`bus_arn` is the default event bus of the platform's region, in the same account."""

    name: str
    account: str
    bus_arn: str


class ForwardedNotices(Construct):
    """In the region of a network, where that is not the platform's: warnings go on to the platform's event bus."""

    def __init__(self, scope: Construct, id_: str, props: ForwardedNoticesProps) -> None:
        super().__init__(scope, id_)
        role = IamRole(
            self,
            ids.ROLE,
            name=names.within(f"{props.name}-notices", names.LONGEST_AMAZON),
            description="What EventBridge may do for FlowLlama: forward spot warnings to the platform's region",
            assume_role_policy=policy.trust(_EVENTS, props.account),
        )
        forward = Grant(
            "Forward",
            "Hands spot warnings of this region to the platform's, where health listens.",
            ("events:PutEvents",),
            (props.bus_arn,),
        )
        allow(self, ids.POLICY, role=role.name, name="forward-spot-warnings", grants=[forward])
        CloudwatchEventTarget(
            self,
            ids.NOTICE_TARGET,
            rule=_rule(self, props.name, "Spot warnings to the platform's region").name,
            arn=props.bus_arn,
            role_arn=role.arn,
            retry_policy=_while_it_is_worth_it(),
        )


def _rule(scope: Construct, name: str, description: str) -> CloudwatchEventRule:
    return CloudwatchEventRule(
        scope,
        ids.NOTICE_RULE,
        name=_rule_name(name),
        description=description,
        event_pattern=json.dumps(WARNINGS),
        state="ENABLED",
    )


def _rule_name(name: str) -> str:
    return names.within(f"{name}-spot-notices", names.LONGEST_AMAZON)


def _while_it_is_worth_it() -> CloudwatchEventTargetRetryPolicy:
    return CloudwatchEventTargetRetryPolicy(maximum_event_age_in_seconds=_WORTH_S, maximum_retry_attempts=20)


def _undelivered(name: str) -> AlarmRule:
    return AlarmRule(
        id=f"{ids.ALARM}-undelivered",
        name=f"{name}-spot-notices-undelivered",
        description="Spot warnings don't reach health's queue: look at the queue's policy.",
        namespace="AWS/Events",
        metric="FailedInvocations",
        dimensions={"RuleName": _rule_name(name)},
        above=0,
        statistic="Sum",
    )
