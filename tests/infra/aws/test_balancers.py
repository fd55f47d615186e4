"""Balancers admit the networks they are told, speak TLS on both sides, and ask the machines' door who is fit."""

from typing import Any

import pytest
from marshmallow import ValidationError

from tests.infra.aws.conftest import Build, Synthesised

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"
GIVEN: dict[str, Any] = {
    "name": "fl-x-1",
    "group_name": "flowllama-test-dep_x-1-balancer",
    "vpc_id": "vpc-0123456789abcdef0",
    "subnets": ("subnet-0123456789abcdef0", "subnet-0123456789abcdef1"),
    "certificate": CERTIFICATE,
    "port": 11434,
    "allow_cidrs": ("203.0.113.7/32", "2001:db8::/32"),
    "machine_cidrs": ["10.64.128.0/20"],
}


def application(build: Build, **changes: Any) -> Synthesised:
    from infra.cdktf.constructs.aws.balancer import Balancer, BalancerProps

    return build(lambda stack: Balancer(stack, "balancer", BalancerProps(**GIVEN | changes)))


def network(build: Build, **changes: Any) -> Synthesised:
    from infra.cdktf.constructs.aws.network_balancer import NetworkBalancer, NetworkBalancerProps

    return build(lambda stack: NetworkBalancer(stack, "balancer", NetworkBalancerProps(**GIVEN | changes)))


def test_https_with_a_current_policy_goes_to_https(build: Build) -> None:
    made = application(build)

    listener, targets = made.only("aws_lb_listener"), made.only("aws_lb_target_group")
    assert (listener["port"], listener["protocol"]) == (11434, "HTTPS")
    assert listener["ssl_policy"] == "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
    assert listener["certificate_arn"] == CERTIFICATE
    assert (targets["port"], targets["protocol"]) == (11434, "HTTPS")
    assert targets["load_balancing_algorithm_type"] == "least_outstanding_requests"
    assert targets["load_balancing_cross_zone_enabled"] == "true"


def test_a_slow_answer_is_not_cut_and_a_malformed_header_does_not_pass(build: Build) -> None:
    balancer = application(build).only("aws_lb")

    assert balancer["load_balancer_type"] == "application"
    assert balancer["idle_timeout"] == 3600
    assert balancer["drop_invalid_header_fields"] is True
    assert balancer["internal"] is False
    assert "access_logs" not in balancer


def test_a_machine_is_asked_whether_it_is_fit(build: Build) -> None:
    usual = application(build).only("aws_lb_target_group")["health_check"]
    ours = application(build, health_path="/_flowllama/ready").only("aws_lb_target_group")["health_check"]

    assert (usual["path"], ours["path"]) == ("/api/tags", "/_flowllama/ready")
    assert (usual["protocol"], usual["matcher"], usual["port"]) == ("HTTPS", "200", "traffic-port")
    assert usual["timeout"] < usual["interval"]


def test_a_leaving_machine_finishes_its_answers_and_a_placement_can_end(build: Build) -> None:
    made = application(build)

    assert made.only("aws_lb_target_group")["deregistration_delay"] == "300"
    assert made.only("aws_lb")["enable_deletion_protection"] is False
    assert application(build, protect=True).only("aws_lb")["enable_deletion_protection"] is True


def test_only_listed_networks_come_in_and_only_machines_are_reached(build: Build) -> None:
    for made in (application(build), network(build)):
        group = made.only("aws_security_group")
        (way_in,), (way_out,) = group["ingress"], group["egress"]
        assert (way_in["from_port"], way_in["to_port"], way_in["protocol"]) == (11434, 11434, "tcp")
        assert (way_in["cidr_blocks"], way_in["ipv6_cidr_blocks"]) == (["203.0.113.7/32"], ["2001:db8::/32"])
        assert (way_out["from_port"], way_out["to_port"]) == (11434, 11434)
        assert way_out["cidr_blocks"] == ["10.64.128.0/20"]
        assert group["name"] == "flowllama-test-dep_x-1-balancer"


def test_nobody_opens_a_balancer_to_the_world(build: Build) -> None:
    for of_kind in (application, network):
        with pytest.raises(ValidationError, match="Too wide"):
            of_kind(build, allow_cidrs=("0.0.0.0/0",))


def test_plain_http_is_answered_only_where_asked_and_only_by_the_way_to_https(build: Build) -> None:
    made = application(build, redirect=True)

    redirect = made.named("aws_lb_listener", "port", 80)  # type: ignore[arg-type]  # a number names it as well
    assert redirect["default_action"] == [
        {
            "type": "redirect",
            "redirect": {"protocol": "HTTPS", "port": "11434", "status_code": "HTTP_301"},
        }
    ]
    assert [way["from_port"] for way in made.only("aws_security_group")["ingress"]] == [11434, 80]


def test_access_logs_go_to_a_bucket_that_is_named(build: Build) -> None:
    from infra.cdktf.constructs.aws.balancer import AccessLogs

    made = application(build, access_logs=AccessLogs("logs", "balancers")).only("aws_lb")

    assert made["access_logs"] == {"enabled": True, "bucket": "logs", "prefix": "balancers"}


def test_a_network_balancer_passes_tls_on_or_ends_it(build: Build) -> None:
    ends, passes = network(build), network(build, certificate=None)

    assert ends.only("aws_lb")["load_balancer_type"] == "network"
    assert ends.only("aws_lb")["enable_cross_zone_load_balancing"] is True
    tls, tcp = ends.only("aws_lb_listener"), passes.only("aws_lb_listener")
    assert (tls["protocol"], tls["certificate_arn"]) == ("TLS", CERTIFICATE)
    assert "tcp_idle_timeout_seconds" not in tls
    assert (tcp["protocol"], tcp["tcp_idle_timeout_seconds"]) == ("TCP", 3600)
    assert not {"certificate_arn", "ssl_policy"} & set(tcp)
    assert passes.only("aws_lb_target_group")["protocol"] == "TCP"
    assert "load_balancing_algorithm_type" not in passes.only("aws_lb_target_group")


def test_the_placements_name_points_at_its_balancer(build: Build) -> None:
    from infra.cdktf.constructs.aws.alias_record import AliasRecord, AliasRecordProps

    props = AliasRecordProps(
        "Z0123456789ABC", "models.example.com", "dep_x-1", "fl-x-1.elb.amazonaws.com", "Z2P70J7EXAMPLE"
    )
    made = build(lambda stack: AliasRecord(stack, "record", props)).only("aws_route53_record")

    assert (made["zone_id"], made["name"], made["type"]) == (
        "Z0123456789ABC",
        "dep-x-1.models.example.com",
        "A",
    )
    assert made["alias"] == {
        "name": "fl-x-1.elb.amazonaws.com",
        "zone_id": "Z2P70J7EXAMPLE",
        "evaluate_target_health": False,
    }
