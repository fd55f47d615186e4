"""The address of the API: an HTTP API with the public paths of the services, and no others.

What users may call is what has a route. It reaches the tasks through a link into the VPC, and tells them by a header
of its own who the caller is: the usual one can't be overwritten, and its content can't be believed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from cdktf_cdktf_provider_aws.apigatewayv2_api import Apigatewayv2Api
from cdktf_cdktf_provider_aws.apigatewayv2_integration import Apigatewayv2Integration
from cdktf_cdktf_provider_aws.apigatewayv2_route import Apigatewayv2Route
from cdktf_cdktf_provider_aws.apigatewayv2_stage import (
    Apigatewayv2Stage,
    Apigatewayv2StageAccessLogSettings,
    Apigatewayv2StageDefaultRouteSettings,
)
from cdktf_cdktf_provider_aws.apigatewayv2_vpc_link import Apigatewayv2VpcLink
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from constructs import Construct

from infra.cdktf import ids
from infra.cdktf.accepted import accept
from infra.cdktf.constructs.aws.alarm import AlarmRule, raise_alarm
from infra.cdktf.constructs.aws.routes import route_paths
from infra.cdktf.processes import OPEN, Process

CALLER_HEADER = "X-FlowLlama-Caller"
# For everybody together, before any service sees the call. Who tries passwords is slowed down by auth itself.
CALLS_A_SECOND, BURST = 200, 400
PATIENCE_MS = 29_000
MOST_FAILURES = 5  # In five minutes.

# No query, no body and no header: a token never ends in a log. And no path: API Gateway puts what callers write into the
# line as it is, so that a quotation mark in a path could add an address or a status of its own. The route says enough.
_LINE = {
    "event": "gateway_request",
    "time": "$context.requestTime",
    "request_id": "$context.requestId",
    "address": "$context.identity.sourceIp",
    "method": "$context.httpMethod",
    "route": "$context.routeKey",
    "protocol": "$context.protocol",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "ms": "$context.responseLatency",
    "service_status": "$context.integrationStatus",
    "service_ms": "$context.integrationLatency",
    "error": "$context.integrationErrorMessage",
}


@dataclass(frozen=True)
class GatewayProps:
    """`registries` maps a process to the ARN by which its tasks are found. `own_name`: the API has a domain of its own."""

    name: str
    registries: Mapping[str, str]
    subnets: tuple[str, ...]
    group_id: str
    log_group: str
    retention_days: int
    key_arn: str | None
    own_name: bool
    alarm_topic_arn: str


class Gateway(Construct):
    def __init__(self, scope: Construct, id_: str, props: GatewayProps) -> None:
        super().__init__(scope, id_)
        self._props = props
        api = Apigatewayv2Api(
            self,
            ids.API,
            name=props.name,
            protocol_type="HTTP",
            description="FlowLlama",
            # With a domain of its own there is no second way in, which would pass its certificate by.
            disable_execute_api_endpoint=props.own_name,
        )
        self.api_id, self.endpoint = api.id, api.api_endpoint
        link = Apigatewayv2VpcLink(
            self,
            ids.LINK,
            name=props.name,
            subnet_ids=list(props.subnets),
            security_group_ids=[props.group_id],
        )
        for process in OPEN:
            self._open(process, link.id)
        self.stage = self._stage()
        self.alarm = raise_alarm(self, self._failures(), props.alarm_topic_arn)

    def _open(self, process: Process, link_id: str) -> None:
        service = Apigatewayv2Integration(
            self,
            f"{ids.INTEGRATION}-{process.name}",
            api_id=self.api_id,
            integration_type="HTTP_PROXY",
            integration_method="ANY",
            integration_uri=self._props.registries[process.name],
            connection_type="VPC_LINK",
            connection_id=link_id,
            payload_format_version="1.0",
            timeout_milliseconds=PATIENCE_MS,
            request_parameters={f"overwrite:header.{CALLER_HEADER}": "$context.identity.sourceIp"},
        )
        for path in route_paths(process):
            route = Apigatewayv2Route(
                self,
                f"{ids.ROUTE}{path.replace('/{proxy+}', '-below').replace('/', '-')}",
                api_id=self.api_id,
                route_key=f"ANY {path}",
                target=f"integrations/{service.id}",
            )
            accept(
                route, CKV_AWS_309="Services check tokens themselves: some paths are for who has none yet."
            )

    def _stage(self) -> str:
        lines = CloudwatchLogGroup(
            self,
            ids.LOG_GROUP,
            name=self._props.log_group,
            retention_in_days=self._props.retention_days,
            kms_key_id=self._props.key_arn,
        )
        accept(lines, CKV_AWS_338="How long logs are kept is the operator's to say, in log_retention_days.")
        return Apigatewayv2Stage(
            self,
            ids.STAGE,
            api_id=self.api_id,
            # The only stage without a name in the path.
            name="$default",
            auto_deploy=True,
            access_log_settings=Apigatewayv2StageAccessLogSettings(
                destination_arn=lines.arn, format=json.dumps(_LINE)
            ),
            default_route_settings=Apigatewayv2StageDefaultRouteSettings(
                detailed_metrics_enabled=True,
                throttling_rate_limit=CALLS_A_SECOND,
                throttling_burst_limit=BURST,
            ),
        ).name

    def _failures(self) -> AlarmRule:
        return AlarmRule(
            id=f"{ids.ALARM}-failures",
            name=f"{self._props.name}-gateway-failures",
            description="The gateway answers calls with errors of ours.",
            namespace="AWS/ApiGateway",
            metric="5xx",
            dimensions={"ApiId": self.api_id},
            above=MOST_FAILURES,
            statistic="Sum",
        )
