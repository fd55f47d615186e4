"""What the stacks say, read from the Terraform JSON they become."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.cdktf import samples

Stack = Callable[[dict[str, Any]], dict[str, Any]]
HOSTILE = '${file("/etc/passwd")} %{ if true } ${TfToken[TOKEN.0]} #{TfToken[TOKEN.1]} "q" \\ {{x}}'


@pytest.fixture
def stack(write_stack: Any, tmp_path: Path) -> Stack:
    return lambda raw: write_stack(raw, tmp_path)


def only(document: dict[str, Any], kind: str) -> dict[str, Any]:
    (found,) = document["resource"][kind].values()
    assert isinstance(found, dict)
    return found


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key != "//":
                yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def addresses(document: dict[str, Any]) -> list[str]:
    kinds = document["resource"] | {f"data.{kind}": found for kind, found in document.get("data", {}).items()}
    return sorted(f"{kind}.{name}" for kind, found in kinds.items() for name in found)


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("platform", samples.platform(runtime=None)),
        ("platform-services", samples.platform()),
        ("network", samples.network()),
        ("network-lean", samples.network(lean=True)),
        ("deployment", samples.deployment()),
    ],
)
def test_addresses_never_move(stack: Stack, name: str, raw: dict[str, Any]) -> None:
    known = json.loads((Path(__file__).parent / "addresses.json").read_text())

    assert addresses(stack(raw)) == known[name], "a changed address destroys and recreates what it names"


def test_two_trees_of_one_spec_are_the_same(stack: Stack) -> None:
    assert stack(samples.deployment()) == stack(samples.deployment())


def test_only_the_listed_networks_and_the_platform_reach_the_one_port(stack: Stack) -> None:
    exposure = {
        "kind": "allow_listed",
        "allow_cidrs": ["203.0.113.7/32", "2001:db8::/32"],
        "service_cidrs": ["10.64.0.0/16"],
    }
    group = only(stack(samples.deployment(exposure=exposure)), "aws_security_group")

    assert {(rule["from_port"], rule["to_port"], rule["protocol"]) for rule in group["ingress"]} == {
        (11434, 11434, "tcp")
    }
    sources = [cidr for rule in group["ingress"] for cidr in rule["cidr_blocks"] + rule["ipv6_cidr_blocks"]]
    assert sorted(sources) == ["10.64.0.0/16", "2001:db8::/32", "203.0.113.7/32"]
    assert {rule["from_port"] for rule in group["egress"]} == {80, 443}


def test_nothing_but_a_way_out_names_the_world(stack: Stack) -> None:
    for raw in (samples.deployment(), samples.network(), samples.platform()):
        document = stack(raw)
        for group in document["resource"].get("aws_security_group", {}).values():
            assert "0.0.0.0/0" not in strings(group.get("ingress", []))
            assert "::/0" not in strings(group.get("ingress", []))
        for group in document["resource"].get("aws_default_security_group", {}).values():
            assert not group.get("ingress")
            assert not group.get("egress")


def test_the_machine_is_closed_encrypted_and_gone_when_it_stops(stack: Stack) -> None:
    machine = only(stack(samples.deployment()), "aws_instance")

    assert machine["metadata_options"] == {
        "http_endpoint": "enabled",
        "http_tokens": "required",
        "http_put_response_hop_limit": 1,
    }
    assert machine["root_block_device"]["encrypted"] is True
    assert machine["root_block_device"]["volume_type"] == "gp3"
    assert machine["instance_initiated_shutdown_behavior"] == "terminate"
    assert "key_name" not in machine
    assert machine["lifecycle"] == {"ignore_changes": ["ami", "user_data_base64", "instance_market_options"]}


def test_spot_is_one_time_and_on_demand_has_no_market(stack: Stack) -> None:
    spot = only(stack(samples.deployment()), "aws_instance")["instance_market_options"]
    assert spot == {
        "market_type": "spot",
        "spot_options": {
            "spot_instance_type": "one-time",
            "instance_interruption_behavior": "terminate",
            "max_price": "0.61",
        },
    }

    on_demand = only(stack(samples.deployment(spot=False, spot_max_usd=None)), "aws_instance")
    assert "instance_market_options" not in on_demand


def test_a_private_placement_has_no_public_address(stack: Stack) -> None:
    document = stack(samples.deployment(exposure=samples.deployment()["exposure"] | {"kind": "private"}))

    assert only(document, "aws_instance")["associate_public_ip_address"] is False
    assert document["output"]["address"]["value"].endswith(".private_ip}")


@pytest.mark.parametrize(
    ("arch", "gpu", "owner", "word"),
    [
        ("x86_64", None, "099720109477", "ubuntu-noble-24.04-amd64"),
        ("arm64", None, "099720109477", "ubuntu-noble-24.04-arm64"),
        ("x86_64", "L4", "898082745236", "Deep Learning Base OSS Nvidia"),
    ],
)
def test_the_image_follows_architecture_and_gpu(
    stack: Stack, arch: str, gpu: str | None, owner: str, word: str
) -> None:
    machine = {
        "type": "m7i.large",
        "arch": arch,
        "gpu_kind": gpu,
        "gpu_count": 1 if gpu else 0,
        "disk_gib": 30,
    }
    document = stack(samples.deployment(machine=machine))

    (image,) = document["data"]["aws_ami"].values()
    assert image["owners"] == [owner]
    assert word in image["filter"][0]["values"][0]
    assert {"name": "architecture", "values": [arch]} in image["filter"]
    disk = only(document, "aws_instance")["root_block_device"]["volume_size"]
    assert disk == (75 if gpu else 30)


def test_hostile_labels_stay_text(stack: Stack) -> None:
    document = stack(samples.deployment(tags={"label": HOSTILE}))

    written = [text for text in strings(document) if "/etc/passwd" in text]
    assert written
    assert set(written) == {
        '$${file("/etc/passwd")} %%{ if true } $${TfToken${""}[TOKEN.0]} #{TfToken${""}[TOKEN.1]} "q" \\ {{x}}'
    }


def test_our_tags_are_on_the_provider_the_machine_and_its_disk(stack: Stack) -> None:
    document = stack(samples.deployment(tags={"team": "blue"}))
    ours = {
        "flowllama-deployment": samples.DEPLOYMENT_ID,
        "flowllama-placement": f"{samples.DEPLOYMENT_ID}-1",
        "flowllama-epoch": "1",
        "flowllama-environment": "sample",
        "managed-by": "flowllama",
        "team": "blue",
    }

    (provider,) = document["provider"]["aws"]
    assert provider["default_tags"] == [{"tags": ours}]
    machine = only(document, "aws_instance")
    assert ours.items() <= machine["tags"].items()
    assert ours.items() <= machine["root_block_device"]["tags"].items()


def test_the_provider_is_bounded_and_bound_to_the_account(stack: Stack) -> None:
    (provider,) = stack(samples.deployment(provider={"max_retries": 5}))["provider"]["aws"]

    assert provider["max_retries"] == 5
    assert provider["allowed_account_ids"] == ["123456789012"]


def test_state_is_encrypted_and_locked_by_a_file(stack: Stack) -> None:
    backend = stack(samples.network())["terraform"]["backend"]["s3"]
    assert backend["use_lockfile"] is True
    assert backend["encrypt"] is True
    assert "use_path_style" not in backend

    path_style = samples.network()["backend"] | {"path_style": True}
    assert stack(samples.network(backend=path_style))["terraform"]["backend"]["s3"]["use_path_style"] is True


def test_the_role_may_write_its_logs_and_nothing_else(stack: Stack) -> None:
    document = stack(samples.network(lean=True))

    (statement,) = json.loads(only(document, "aws_iam_role_policy")["policy"])["Statement"]
    assert statement["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert all(":log-group:/flowllama/*" in resource for resource in statement["Resource"])
    assert only(document, "aws_iam_instance_profile")["name"] == "flowllama-sample-main-us-east-1"


def test_the_flow_log_writes_for_this_account_alone(stack: Stack) -> None:
    roles = stack(samples.network())["resource"]["aws_iam_role"].values()
    (trust,) = (
        json.loads(r["assume_role_policy"]) for r in roles if "vpc-flow-logs" in r["assume_role_policy"]
    )

    assert trust["Statement"][0]["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "123456789012"},
        "ArnLike": {"aws:SourceArn": "arn:aws:ec2:us-east-1:123456789012:vpc-flow-log/*"},
    }


def test_a_lean_network_has_nothing_that_costs_or_waits(stack: Stack) -> None:
    document = stack(samples.network(lean=True))

    assert not {"aws_nat_gateway", "aws_eip", "aws_flow_log", "aws_vpc_endpoint"} & set(document["resource"])
    assert document["output"]["private_subnets"]["value"] == {}
    assert document["output"]["egress_cidrs"]["value"] == ["10.64.0.0/16"]


def test_subnets_of_all_zones_fit_and_never_overlap(stack: Stack) -> None:
    zones = [f"us-east-1{letter}" for letter in "abcdef"]
    subnets = stack(samples.network(zones=zones))["resource"]["aws_subnet"].values()

    assert len({subnet["cidr_block"] for subnet in subnets}) == 12
    assert all(subnet["map_public_ip_on_launch"] is False for subnet in subnets)


def test_one_gateway_serves_all_zones_where_that_is_asked_for(stack: Stack) -> None:
    document = stack(samples.network(nat="one"))
    (gateway,) = document["resource"]["aws_nat_gateway"]

    private = [
        route["nat_gateway_id"]
        for table in document["resource"]["aws_route_table"].values()
        for route in table["route"]
        if route.get("nat_gateway_id")
    ]
    assert private == [f"${{aws_nat_gateway.{gateway}.id}}"] * 2
    assert len(document["output"]["egress_cidrs"]["value"]) == 2
    assert set(document["output"]["private_subnets"]["value"]) == {"us-east-1a", "us-east-1b"}


def test_a_gateway_waits_for_the_networks_way_out_and_goes_before_it(stack: Stack) -> None:
    """EC2 fails a NAT gateway whose VPC has no internet gateway yet, and keeps one whose VPC has addresses."""
    resources = stack(samples.network())["resource"]
    (internet,) = resources["aws_internet_gateway"]

    waiting = [*resources["aws_nat_gateway"].values(), *resources["aws_eip"].values()]
    assert len(waiting) == 4
    assert all(one["depends_on"] == [f"aws_internet_gateway.{internet}"] for one in waiting)


def test_a_network_elsewhere_forwards_spot_warnings(stack: Stack) -> None:
    bus = "arn:aws:events:eu-west-1:123456789012:event-bus/default"

    assert "aws_cloudwatch_event_rule" not in stack(samples.network())["resource"]
    assert only(stack(samples.network(notices_bus=bus)), "aws_cloudwatch_event_target")["arn"] == bus
