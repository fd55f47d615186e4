"""Nobody reaches a task from outside but through the gateway, and a task reaches what it needs."""

from typing import Any

import pytest

from tests.infra.aws.conftest import Build, Synthesised


@pytest.fixture(scope="module")
def cluster(build: Build) -> Synthesised:
    from infra.cdktf.constructs.aws.cluster import Cluster, ClusterProps

    props = ClusterProps(
        name="flowllama-test",
        domain="test.flowllama.internal",
        vpc_id="vpc-1",
        store_cidrs=("10.80.0.0/16", "2001:db8::/32"),
    )
    return build(lambda stack: Cluster(stack, "cluster", props))


def group(made: Synthesised, name: str) -> dict[str, Any]:
    return made.named("aws_security_group", "name", f"flowllama-test-{name}")


def reference(made: Synthesised, name: str) -> str:
    (address,) = (
        address
        for address, one in made.document["resource"]["aws_security_group"].items()
        if one["name"] == f"flowllama-test-{name}"
    )
    return f"${{aws_security_group.{address}.id}}"


def test_the_gateway_reaches_the_public_ports_and_no_other(cluster: Synthesised) -> None:
    gateway = reference(cluster, "gateway")
    let_in = {
        rule["from_port"]
        for rule in group(cluster, "tasks")["ingress"]
        if rule["security_groups"] == [gateway]
    }
    out = {rule["from_port"]: rule for rule in cluster.all("aws_vpc_security_group_egress_rule")}

    assert let_in == set(out) == {8081, 8082, 8083, 8084}
    for rule in out.values():
        assert rule["security_group_id"] == gateway
        assert rule["referenced_security_group_id"] == reference(cluster, "tasks")
    assert "ingress" not in group(cluster, "gateway")


def test_tasks_call_auth_and_pricing_and_nobody_else_calls_them(cluster: Synthesised) -> None:
    tasks = group(cluster, "tasks")
    among = {rule["from_port"] for rule in tasks["ingress"] if rule["self"]}

    assert among == {rule["from_port"] for rule in tasks["egress"] if rule["self"]} == {8081, 8083}
    assert all(rule["cidr_blocks"] is None for rule in tasks["ingress"]), "no network is let in"
    assert all(rule["from_port"] == rule["to_port"] for rule in (*tasks["ingress"], *tasks["egress"]))


def test_a_task_goes_out_to_https_and_to_the_store_where_it_is(cluster: Synthesised) -> None:
    out = {
        rule["from_port"]: (rule["cidr_blocks"], rule["ipv6_cidr_blocks"])
        for rule in group(cluster, "tasks")["egress"]
        if not rule["self"]
    }

    assert out == {443: (["0.0.0.0/0"], None), 27017: (["10.80.0.0/16"], ["2001:db8::/32"])}


def test_only_health_calls_instances(cluster: Synthesised) -> None:
    (rule,) = group(cluster, "health")["egress"]

    assert (rule["from_port"], rule["to_port"]) == (11434, 11434)
    assert "ingress" not in group(cluster, "health")


def test_tasks_are_counted_and_named_inside_the_vpc_alone(cluster: Synthesised) -> None:
    (setting,) = cluster.only("aws_ecs_cluster")["setting"]
    assert setting == {"name": "containerInsights", "value": "enabled"}
    names = cluster.only("aws_service_discovery_private_dns_namespace")
    assert (names["name"], names["vpc"]) == ("test.flowllama.internal", "vpc-1")
