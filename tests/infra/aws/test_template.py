"""The machines of a group are made from a template that keeps what a single machine insists on."""

from decimal import Decimal
from typing import Any

from contracts.vocabulary import Arch
from tests.infra.aws.conftest import Build, Synthesised

TAGS = {"managed-by": "flowllama", "flowllama-placement": "dep_x-1"}


def template(build: Build, **changes: Any) -> Synthesised:
    from infra.cdktf.constructs.aws.template import Template, TemplateProps

    given: dict[str, Any] = {
        "name": "flowllama-test-dep_x-1",
        "type": "g5.xlarge",
        "arch": Arch.X86_64,
        "has_gpu": True,
        "disk_gib": 60,
        "security_group_id": "sg-0123456789abcdef0",
        "instance_profile": "machines",
        "public": False,
        "user_data": "I2Nsb3VkLWNvbmZpZw==",
        "tags": TAGS,
    }
    return build(lambda stack: Template(stack, "template", TemplateProps(**given | changes)))


def test_it_is_closed_encrypted_and_ends_when_it_stops(build: Build) -> None:
    made = template(build).only("aws_launch_template")

    assert made["metadata_options"] == {
        "http_endpoint": "enabled",
        "http_tokens": "required",
        "http_put_response_hop_limit": 1,
    }
    (disk,) = made["block_device_mappings"]
    assert disk["device_name"].endswith(".root_device_name}")
    assert disk["ebs"] == {
        "encrypted": "true",
        "volume_type": "gp3",
        "volume_size": 75,
        "delete_on_termination": "true",
    }
    assert made["instance_initiated_shutdown_behavior"] == "terminate"
    assert made["iam_instance_profile"] == {"name": "machines"}
    assert "key_name" not in made


def test_the_interface_has_the_group_and_an_address_only_when_asked(build: Build) -> None:
    (closed,) = template(build).only("aws_launch_template")["network_interfaces"]
    (public,) = template(build, public=True).only("aws_launch_template")["network_interfaces"]

    assert closed["security_groups"] == ["sg-0123456789abcdef0"]
    assert (closed["associate_public_ip_address"], public["associate_public_ip_address"]) == ("false", "true")


def test_everything_that_a_launch_makes_carries_our_tags(build: Build) -> None:
    from infra.cdktf.constructs.aws.template import SpotOptions

    plain = template(build).only("aws_launch_template")["tag_specifications"]
    spot = template(build, spot=SpotOptions()).only("aws_launch_template")["tag_specifications"]

    assert {one["resource_type"] for one in plain} == {"instance", "volume", "network-interface"}
    assert {one["resource_type"] for one in spot} == {
        "instance",
        "volume",
        "network-interface",
        "spot-instances-request",
    }
    assert all(one["tags"] == TAGS | {"Name": "flowllama-test-dep_x-1"} for one in spot)


def test_spot_ends_with_its_machine_and_has_a_limit_where_one_is_given(build: Build) -> None:
    from infra.cdktf.constructs.aws.template import SpotOptions

    made = template(build, spot=SpotOptions(Decimal("0.61"))).only("aws_launch_template")

    assert made["instance_market_options"] == {
        "market_type": "spot",
        "spot_options": {
            "spot_instance_type": "one-time",
            "instance_interruption_behavior": "terminate",
            "max_price": "0.61",
        },
    }
    assert "instance_market_options" not in template(build).only("aws_launch_template")


def test_the_image_is_looked_up_and_a_newer_one_replaces_nobody(build: Build) -> None:
    made = template(build, arch=Arch.ARM64, has_gpu=False)

    (image,) = made.document["data"]["aws_ami"].values()
    assert image["owners"] == ["099720109477"]
    assert {"name": "architecture", "values": ["arm64"]} in image["filter"]
    assert made.only("aws_launch_template")["lifecycle"] == {"ignore_changes": ["image_id"]}
