"""The record of who talked to whom in a VPC, kept for thirty days."""

from dataclasses import dataclass

from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.flow_log import FlowLog
from cdktf_cdktf_provider_aws.iam_role import IamRole
from constructs import Construct

from infra.cdktf import ids
from infra.cdktf.accepted import accept
from infra.cdktf.constructs.aws import policy
from infra.cdktf.constructs.aws.grants import Grant, allow

RETENTION_DAYS = 30


@dataclass(frozen=True)
class VpcFlowLogProps:
    name: str
    account: str
    region: str
    vpc_id: str


class VpcFlowLog(Construct):
    def __init__(self, scope: Construct, id_: str, props: VpcFlowLogProps) -> None:
        super().__init__(scope, id_)
        group = CloudwatchLogGroup(
            self,
            ids.FLOW_LOG_GROUP,
            name=f"/flowllama-flow/{props.name}",
            retention_in_days=RETENTION_DAYS,
        )
        accept(
            group,
            CKV_AWS_158="A network has no customer key; the log service encrypts with its own.",
            CKV_AWS_338="Addresses of who called are personal data: thirty days settle a dispute and no more is kept.",
        )
        role = IamRole(
            self,
            ids.FLOW_LOG_ROLE,
            # A prefix, because names of roles are the account's and a network of the same name may stand elsewhere.
            name_prefix="flowllama-flow-log-",
            assume_role_policy=policy.trust(
                "vpc-flow-logs.amazonaws.com",
                props.account,
                f"arn:aws:ec2:{props.region}:{props.account}:vpc-flow-log/*",
            ),
        )
        allow(self, ids.FLOW_LOG_POLICY, role=role.id, name=None, grants=[_may_write(group.arn)])
        FlowLog(
            self,
            ids.FLOW_LOG,
            vpc_id=props.vpc_id,
            traffic_type="ALL",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            tags={"Name": props.name},
        )


def _may_write(group_arn: str) -> Grant:
    return Grant(
        "Write",
        "VPC flow logs writes the record of this network, and nothing else.",
        ("logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"),
        (f"{group_arn}:*",),
    )
