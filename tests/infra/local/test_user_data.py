"""The simulator reads user-data as the instance would, and says why it can't."""

import base64
import gzip
from typing import Any

import pytest

from contracts.stack_model import DeploymentSpec
from contracts.stack_spec import load_stack_spec
from infra.cdktf import samples
from infra.cdktf.instance.user_data import render
from infra.local.cloud.user_data import UserDataRefusedError, read_user_data
from tests.infra.local.builders import instance_json, user_data


def test_gzipped_cloud_config_yields_the_instance_settings() -> None:
    config = read_user_data(user_data(instance_json(placement_id="dep_a-3")))

    assert config.placement_id == "dep_a-3"
    assert config.model_tag == "llama3.2:1b"
    assert len(config.verifiers["user_sha256"]) == 64


def test_plain_cloud_config_is_read_too() -> None:
    plain = gzip.decompress(base64.b64decode(user_data(instance_json())))

    assert read_user_data(base64.b64encode(plain).decode()).deployment_id == "dep_a"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "without user-data"),
        ("%%%", "not base64"),
        (base64.b64encode(b"\x1f\x8bbroken").decode(), "not gzip"),
        (base64.b64encode(b"#!/bin/sh").decode(), "#cloud-config"),
        (base64.b64encode(b"#cloud-config\n[").decode(), "not YAML"),
        (base64.b64encode(b"#cloud-config\nwrite_files: [{path: /etc/other}]").decode(), "writes no"),
    ],
)
def test_user_data_an_instance_could_not_start_from_is_refused(text: str | None, reason: str) -> None:
    with pytest.raises(UserDataRefusedError, match=reason):
        read_user_data(text)


@pytest.mark.parametrize("missing", ["placement_id", "model", "ollama", "tokens", "arch"])
def test_every_part_of_the_instance_file_is_needed(missing: str) -> None:
    whole: dict[str, Any] = instance_json()
    del whole[missing]

    with pytest.raises(UserDataRefusedError, match=missing):
        read_user_data(user_data(whole))


def test_the_user_data_of_the_deployment_stack_is_understood() -> None:
    spec = load_stack_spec(samples.deployment())
    assert isinstance(spec, DeploymentSpec)

    config = read_user_data(render(spec))

    assert (config.placement_id, config.model_tag) == (spec.placement_id, spec.model.tag)
    assert config.verifiers == {"user_sha256": "a" * 64, "health_sha256": "b" * 64}
