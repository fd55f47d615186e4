"""A spec is checked by the rules of its own cloud."""

from typing import Any

import pytest
from marshmallow import ValidationError

from contracts.stack_model import DeploymentSpec, NetworkSpec
from contracts.stack_spec import load_stack_spec
from contracts.vocabulary import Cloud
from infra.cdktf import samples


def refused(raw: Any) -> Any:
    with pytest.raises(ValidationError) as caught:
        load_stack_spec(raw)
    return caught.value.messages


def test_specs_of_google_cloud_come_back_typed() -> None:
    network = load_stack_spec(samples.gcp_network())
    deployment = load_stack_spec(samples.gcp_deployment())

    assert isinstance(network, NetworkSpec)
    assert isinstance(deployment, DeploymentSpec)
    assert deployment.cloud is Cloud.GCP
    assert deployment.backend.region is None


def test_a_spec_that_names_the_other_cloud_is_told_every_field_that_does_not_fit() -> None:
    assert set(refused(samples.deployment(cloud="gcp"))) == {
        "account", "region", "zone", "subnet_id", "vpc_id", "instance_profile", "machine", "spot_max_usd",
    }  # fmt: skip
    assert set(refused(samples.gcp_network(cloud="aws"))) == {"account"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("account", "123456789012"),
        ("account", "Project"),
        ("region", "us-central1-a"),
        ("region", "us-central1\n"),
        ("zone", "us-central1"),
        ("zone", "europe-west4-a"),
        ("subnet_id", "projects/flowllama-sample/regions/us-east1/subnetworks/x"),
        ("subnet_id", "projects/flowllama-sample/regions/us-central1/subnetworks/${x}"),
        ("vpc_id", "projects/flowllama-sample/global/networks/"),
        ("instance_profile", "flowllama@evil.example"),
        ("instance_profile", "a@b@flowllama-sample.iam.gserviceaccount.com"),
        ("spot_max_usd", "0.5"),
        ("machine", samples.deployment()["machine"]),
        ("machine", samples.gcp_deployment()["machine"] | {"type": "n1-standard-8"}),
        ("machine", samples.gcp_deployment()["machine"] | {"type": "n1-standard-8+1xT4"}),
    ],
)
def test_what_google_cloud_would_not_take_is_refused(field: str, value: Any) -> None:
    assert field in refused(samples.gcp_deployment(**{field: value}))


@pytest.mark.parametrize("region", ["us-central1", "europe-west12", "northamerica-northeast1", "me-central2"])
def test_regions_and_zones_of_google_cloud_pass(region: str) -> None:
    load_stack_spec(samples.gcp_network(region=region, zones=[f"{region}-a", f"{region}-f"]))


@pytest.mark.parametrize(
    "zones", [["us-east1-b"], ["us-central11-a"], ["us-central1-1"], ["us-central1-a\n"]]
)
def test_zones_lie_in_the_region(zones: list[str]) -> None:
    assert "zones" in refused(samples.gcp_network(zones=zones))


def machine(type_: str, kind: str | None, count: int) -> dict[str, Any]:
    sample: dict[str, Any] = samples.gcp_deployment()["machine"]
    return sample | {"type": type_, "gpu_kind": kind, "gpu_count": count}


@pytest.mark.parametrize(
    ("type_", "kind", "count"),
    [
        ("g2-standard-4", "L4", 1),
        ("a2-highgpu-1g", "A100-40", 1),
        ("a2-ultragpu-8g", "A100-80", 8),
        ("a3-highgpu-8g", "H100", 8),
        ("n1-standard-8", "T4", 2),
        ("n1-standard-8", None, 0),
        ("c4a-highmem-16", None, 0),
        ("e2-micro", None, 0),
    ],
)
def test_machines_of_google_cloud_pass(type_: str, kind: str | None, count: int) -> None:
    load_stack_spec(samples.gcp_deployment(machine=machine(type_, kind, count)))


@pytest.mark.parametrize(
    ("type_", "kind", "count", "field"),
    [
        # Its GPU can't be moved to another host, which a machine without one asks for.
        ("g2-standard-4", None, 0, "gpu_kind"),
        ("e2-standard-4", "L4", 1, "gpu_kind"),
        ("g2-standard-4", "A10G", 1, "gpu_kind"),
        ("n1-standard-8", "T4", 3, "gpu_count"),
    ],
)
def test_a_machine_has_the_gpus_of_its_series(type_: str, kind: str | None, count: int, field: str) -> None:
    assert field in refused(samples.gcp_deployment(machine=machine(type_, kind, count)))["machine"]


@pytest.mark.parametrize("field", ["vpc_id", "subnet_id", "instance_profile"])
def test_what_is_another_projects_is_refused_because_rules_lie_where_the_network_does_and_go_by_its_account(
    field: str,
) -> None:
    elsewhere = samples.gcp_deployment()[field].replace(samples.PROJECT, "somebody-else")

    assert field in refused(samples.gcp_deployment(**{field: elsewhere}))


def test_the_name_of_a_network_on_google_cloud_ends_with_no_dash() -> None:
    assert "name" in refused(samples.gcp_network(name="main-"))
    load_stack_spec(samples.gcp_network(name="main-2", environment="e-"))


@pytest.mark.parametrize(
    ("exposure", "field"),
    [
        ({"kind": "allow_listed", "allow_cidrs": ["2001:db8::/32"]}, "allow_cidrs"),
        ({"kind": "private", "allow_cidrs": [], "service_cidrs": []}, "service_cidrs"),
        ({"kind": "private", "allow_cidrs": ["2001:db8::/32"], "service_cidrs": []}, "service_cidrs"),
    ],
)
def test_a_rule_without_a_source_is_refused_because_it_would_admit_the_world(
    exposure: dict[str, Any], field: str
) -> None:
    full = samples.deployment()["exposure"] | exposure

    assert field in refused(samples.gcp_deployment(exposure=full))["exposure"]


def test_a_network_names_its_model_bucket_and_no_key_of_aws() -> None:
    key = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"

    load_stack_spec(samples.gcp_network(models={"bucket": "models"}))
    assert "key_arn" in refused(samples.gcp_network(models={"bucket": "models", "key_arn": key}))["models"]


def test_a_state_lies_in_either_clouds_store() -> None:
    s3, gcs = samples.network()["backend"], samples.gcp_network()["backend"]

    load_stack_spec(samples.gcp_deployment(backend=s3))
    load_stack_spec(samples.network(backend=gcs))
    assert refused(samples.network(backend=gcs | {"region": "us-east-1"}))["backend"]["region"]
    assert refused(samples.network(backend=gcs | {"path_style": True}))["backend"]["path_style"]
    assert refused(samples.network(backend={**gcs, "kind": "s3"}))["backend"]["region"]
    assert refused(samples.network(backend=s3 | {"kind": "local"}))["backend"]["kind"]
