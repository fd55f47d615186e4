"""The gateway opens the public paths, says who calls, keeps a record without secrets, and slows everybody down in time."""

import json

import pytest

from infra.cdktf.processes import OPEN
from tests.infra.aws.conftest import Build, Synthesised

KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-1111-1111-1111-111111111111"
TOPIC = "arn:aws:sns:us-east-1:123456789012:alarms"
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/11111111-1111-1111-1111-111111111111"


@pytest.fixture(scope="module")
def gateway(build: Build) -> Synthesised:
    from infra.cdktf.constructs.aws.gateway import Gateway, GatewayProps

    props = GatewayProps(
        name="flowllama-test",
        registries={process.name: f"arn:{process.name}" for process in OPEN},
        subnets=("subnet-1", "subnet-2"),
        group_id="sg-1",
        log_group="/flowllama-services/test/gateway",
        retention_days=14,
        key_arn=KEY,
        own_name=True,
        alarm_topic_arn=TOPIC,
    )
    return build(lambda stack: Gateway(stack, "gateway", props))


def test_the_only_way_in_is_the_name_of_its_own(gateway: Synthesised) -> None:
    api = gateway.only("aws_apigatewayv2_api")

    assert (api["protocol_type"], api["disable_execute_api_endpoint"]) == ("HTTP", True)
    assert "cors_configuration" not in api, "the edge allows no other origin, and neither does the gateway"


def test_every_call_goes_through_the_link_and_says_who_calls(gateway: Synthesised) -> None:
    services = gateway.all("aws_apigatewayv2_integration")

    assert {one["integration_uri"] for one in services} == {f"arn:{process.name}" for process in OPEN}
    for one in services:
        assert (one["connection_type"], one["integration_type"]) == ("VPC_LINK", "HTTP_PROXY")
        assert one["request_parameters"] == {
            "overwrite:header.X-FlowLlama-Caller": "$context.identity.sourceIp"
        }
        assert one["timeout_milliseconds"] < 30_000, "API Gateway gives up after thirty seconds"
    link = gateway.only("aws_apigatewayv2_vpc_link")
    assert (link["subnet_ids"], link["security_group_ids"]) == (["subnet-1", "subnet-2"], ["sg-1"])


def test_calls_are_recorded_as_json_without_what_must_stay_secret(gateway: Synthesised) -> None:
    stage = gateway.only("aws_apigatewayv2_stage")
    line = json.loads(stage["access_log_settings"]["format"])

    assert {"address", "method", "route", "status", "ms", "request_id"} <= set(line)
    # What a caller words freely is not escaped, and could forge the rest of the line.
    assert "$context.path" not in line.values()
    assert not any(word in json.dumps(line).lower() for word in ("header", "authoriz", "query", "body"))
    group = gateway.only("aws_cloudwatch_log_group")
    assert (group["retention_in_days"], group["kms_key_id"]) == (14, KEY)


def test_nobody_can_flood_the_services(gateway: Synthesised) -> None:
    limits = gateway.only("aws_apigatewayv2_stage")["default_route_settings"]

    assert (limits["throttling_rate_limit"], limits["throttling_burst_limit"]) == (200, 400)


def test_errors_of_ours_are_an_alarm(gateway: Synthesised) -> None:
    alarm = gateway.only("aws_cloudwatch_metric_alarm")

    assert (alarm["namespace"], alarm["metric_name"]) == ("AWS/ApiGateway", "5xx")
    assert alarm["alarm_actions"] == [TOPIC]
    assert alarm["alarm_name"].startswith("flowllama-test-")


def domain(build: Build, zone: str | None) -> Synthesised:
    from infra.cdktf.constructs.aws.gateway_domain import GatewayDomain, GatewayDomainProps

    props = GatewayDomainProps("api.example.com", CERTIFICATE, zone, "api", "$default")
    return build(lambda stack: GatewayDomain(stack, "domain", props))


def test_its_own_name_speaks_tls_1_2_at_least_and_is_recorded(build: Build) -> None:
    made = domain(build, "Z0123456789")

    settings = made.only("aws_apigatewayv2_domain_name")["domain_name_configuration"]
    assert settings == {
        "certificate_arn": CERTIFICATE,
        "endpoint_type": "REGIONAL",
        "security_policy": "TLS_1_2",
    }
    record = made.only("aws_route53_record")
    assert (record["name"], record["zone_id"], record["type"]) == ("api.example.com", "Z0123456789", "A")
    assert record["allow_overwrite"] is False
    assert made.construct.endpoint == "https://api.example.com"


def test_without_a_zone_the_record_is_the_operators(build: Build) -> None:
    assert domain(build, None).all("aws_route53_record") == []
