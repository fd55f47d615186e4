"""What the stacks on Google Cloud say. No provider runs here, so every one of them is held against its schema."""

import base64
import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.stack_deployment import DEPLOYMENT_OUTPUTS
from contracts.stack_network import NETWORK_OUTPUTS
from contracts.stack_outputs import read_deployment_outputs
from contracts.vocabulary import Cloud
from infra.cdktf import samples
from services.agent.synth import SynthChild, SynthError
from services.agent.synth_children import child_of
from tests.infra import provider_schema
from tests.infra.provider_schema import Provider
from tests.infra.test_stacks import HOSTILE, addresses, only, strings

ROOT = Path(__file__).parents[2]
NAME = "flowllama-dep-01k00000000000000000000000-1"
T4 = {"type": "n1-standard-8", "arch": "x86_64", "gpu_kind": "T4", "gpu_count": 2, "disk_gib": 30}
NO_GPU = {"type": "c3-standard-4", "arch": "x86_64", "gpu_kind": None, "gpu_count": 0, "disk_gib": 8}
ARM = {"type": "c4a-standard-8", "arch": "arm64", "gpu_kind": None, "gpu_count": 0, "disk_gib": 30}
STACKS: dict[str, dict[str, Any]] = {
    "gcp-network": samples.gcp_network(),
    "gcp-network-lean": samples.gcp_network(lean=True),
    "gcp-deployment": samples.gcp_deployment(),
    "models": samples.gcp_network(lean=True, models={"bucket": "flowllama-sample-models"}),
    "long-names": samples.gcp_network(
        environment="e" * 16,
        name="n" * 16,
        region="northamerica-northeast1",
        zones=["northamerica-northeast1-a"],
    ),
    "t4": samples.gcp_deployment(machine=T4),
    "no-gpu-on-demand-private": samples.gcp_deployment(
        machine=NO_GPU,
        spot=False,
        exposure=samples.deployment()["exposure"] | {"kind": "private", "allow_cidrs": []},
    ),
    "arm": samples.gcp_deployment(machine=ARM),
    "ipv6": samples.gcp_deployment(
        exposure={
            "kind": "allow_listed",
            "allow_cidrs": ["203.0.113.7/32", "2001:db8::/32", "10.64.0.0/16"],
            "service_cidrs": ["10.64.0.0/16"],
        }
    ),
    "hostile": samples.gcp_deployment(tags={"label": HOSTILE, "Team Blue": "A"}),
}
Stacks = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def child() -> Iterator[SynthChild]:
    """The child that the agent starts: so the bindings of this cloud stay out of the tests' own process."""
    running = child_of(Cloud.GCP)
    yield running
    running.close()


@pytest.fixture(scope="module")
def stacks(child: SynthChild, tmp_path_factory: pytest.TempPathFactory) -> Stacks:
    out = tmp_path_factory.mktemp("gcp")
    for name, raw in STACKS.items():
        child.synthesise(raw, out / name)
    return {name: json.loads((out / name / "cdk.tf.json").read_text()) for name in STACKS}


@pytest.fixture(scope="module")
def google_schema() -> Provider:
    return Provider("cdktf_cdktf_provider_google")


@pytest.mark.parametrize("name", STACKS)
def test_the_provider_knows_all_that_a_stack_says(stacks: Stacks, google_schema: Provider, name: str) -> None:
    assert provider_schema.faults(stacks[name], {"google": google_schema}) == []


def test_a_planted_mistake_is_found(stacks: Stacks, google_schema: Provider) -> None:
    broken = json.loads(json.dumps(stacks["gcp-deployment"]))
    machine = only(broken, "google_compute_instance")
    machine["scheduling"]["instance_termination_acton"] = "DELETE"
    del machine["boot_disk"]
    del only(broken, "google_compute_firewall")["allow"][0]["protocol"]

    found = provider_schema.faults(broken, {"google": google_schema})
    assert [fault.partition(".")[2].partition(".")[2] for fault in found] == [
        "allow[0].protocol: required and not set",
        "boot_disk: required and not set",
        "scheduling[0].instance_termination_acton: unknown",
    ]


@pytest.mark.parametrize("name", ["gcp-network", "gcp-network-lean", "gcp-deployment"])
def test_addresses_never_move(stacks: Stacks, name: str) -> None:
    known = json.loads((Path(__file__).parent / "addresses.json").read_text())

    assert addresses(stacks[name]) == known[name], "a changed address destroys and recreates what it names"


def test_the_outputs_have_the_names_that_they_have_on_aws(stacks: Stacks) -> None:
    assert set(stacks["gcp-network"]["output"]) == set(NETWORK_OUTPUTS)
    assert set(stacks["gcp-deployment"]["output"]) == set(DEPLOYMENT_OUTPUTS)
    assert read_deployment_outputs(stacks["gcp-deployment"]["output"]).spot_request_id is None


@pytest.mark.skipif(shutil.which("terraform") is None, reason="there is no terraform on PATH")
@pytest.mark.parametrize("name", ["gcp-network", "gcp-deployment", "hostile"])
def test_terraform_itself_can_read_it(stacks: Stacks, name: str, tmp_path: Path) -> None:
    def read(document: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        (tmp_path / "cdk.tf.json").write_text(json.dumps(document))
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "CHECKPOINT_DISABLE": "1"}
        # `get` loads the configuration and asks for no provider.
        return subprocess.run(
            ["terraform", "get", "-no-color"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    good = read(stacks[name])
    assert good.returncode == 0, good.stderr
    broken = json.loads(json.dumps(stacks[name]))
    next(iter(broken["resource"].values()))["a"] = {"lifecycle": {"ignore_changes": ["a[0.b"]}}
    assert "Invalid expression" in read(broken).stderr


def test_the_bindings_of_google_stay_out_of_a_process_that_writes_stacks_of_aws(
    write_stack: Any, stacks: Stacks, tmp_path: Path
) -> None:
    write_stack(samples.network(lean=True), tmp_path)

    assert stacks
    assert not [name for name in sys.modules if name.startswith("cdktf_cdktf_provider_google")]


def test_a_child_writes_stacks_of_its_own_cloud_only(child: SynthChild, tmp_path: Path) -> None:
    with pytest.raises(SynthError, match="stacks of gcp only"):
        child.synthesise(samples.network(), tmp_path)

    assert not list(tmp_path.iterdir())


def test_no_rule_admits_the_world(stacks: Stacks) -> None:
    for document in stacks.values():
        for rule in document["resource"]["google_compute_firewall"].values():
            ingress = rule["direction"] == "INGRESS"
            # An ingress rule without a source would admit everybody.
            assert bool(rule.get("source_ranges")) is ingress
            if ingress and "allow" in rule:
                assert "0.0.0.0/0" not in rule["source_ranges"]
                assert rule["allow"] == [{"protocol": "tcp", "ports": ["11434"]}]


def test_a_placement_opens_its_port_for_itself_and_its_lists_alone(stacks: Stacks) -> None:
    rule = only(stacks["ipv6"], "google_compute_firewall")

    assert rule["source_ranges"] == ["10.64.0.0/16", "203.0.113.7/32"]
    assert rule["target_tags"] == [NAME]
    assert only(stacks["ipv6"], "google_compute_instance")["tags"] == [NAME]
    private = only(stacks["no-gpu-on-demand-private"], "google_compute_firewall")
    assert private["source_ranges"] == ["10.64.0.0/16"]


def test_what_holds_for_all_instances_goes_by_their_service_account(stacks: Stacks) -> None:
    document = stacks["gcp-network"]
    rules = document["resource"]["google_compute_firewall"].values()
    said = {
        (rule["direction"], rule["priority"], json.dumps(rule.get("allow") or rule["deny"])) for rule in rules
    }

    assert said == {
        ("INGRESS", 65000, '[{"protocol": "all"}]'),
        ("EGRESS", 60000, '[{"ports": ["80", "443"], "protocol": "tcp"}]'),
        ("EGRESS", 65000, '[{"protocol": "all"}]'),
    }
    assert {tuple(rule["target_service_accounts"]) for rule in rules} == {
        (document["output"]["instance_profile"]["value"],)
    }


def test_the_machine_is_shielded_and_has_no_keys(stacks: Stacks) -> None:
    machine = only(stacks["no-gpu-on-demand-private"], "google_compute_instance")

    assert machine["shielded_instance_config"] == {
        "enable_vtpm": True,
        "enable_integrity_monitoring": True,
        "enable_secure_boot": True,
    }
    assert machine["metadata"]["enable-oslogin"] == "TRUE"
    assert machine["metadata"]["block-project-ssh-keys"] == "TRUE"
    assert not {"ssh-keys", "startup-script"} & set(machine["metadata"])
    assert machine["boot_disk"]["auto_delete"] is True
    gpu = only(stacks["gcp-deployment"], "google_compute_instance")
    assert gpu["shielded_instance_config"]["enable_secure_boot"] is False


def test_spot_leaves_nothing_and_on_demand_comes_back(stacks: Stacks) -> None:
    assert only(stacks["gcp-deployment"], "google_compute_instance")["scheduling"] == {
        "provisioning_model": "SPOT",
        "preemptible": True,
        "automatic_restart": False,
        "on_host_maintenance": "TERMINATE",
        "instance_termination_action": "DELETE",
    }
    assert only(stacks["no-gpu-on-demand-private"], "google_compute_instance")["scheduling"] == {
        "provisioning_model": "STANDARD",
        "automatic_restart": True,
        "on_host_maintenance": "MIGRATE",
    }


def test_only_n1_has_its_gpu_attached(stacks: Stacks) -> None:
    attached = only(stacks["t4"], "google_compute_instance")
    assert attached["guest_accelerator"] == [{"type": "nvidia-tesla-t4", "count": 2}]
    assert "guest_accelerator" not in only(stacks["gcp-deployment"], "google_compute_instance")


@pytest.mark.parametrize(
    ("name", "image", "size", "type_"),
    [
        ("t4", "ubuntu-accelerator-2404-amd64-with-nvidia-580", 50, "pd-balanced"),
        ("no-gpu-on-demand-private", "ubuntu-2404-lts-amd64", 10, "pd-balanced"),
        ("arm", "ubuntu-2404-lts-arm64", 30, "hyperdisk-balanced"),
    ],
)
def test_the_disk_fits_image_and_machine(
    stacks: Stacks, name: str, image: str, size: int, type_: str
) -> None:
    disk = only(stacks[name], "google_compute_instance")["boot_disk"]["initialize_params"]

    assert disk["image"].partition("/")[2] == image
    assert (disk["size"], disk["type"]) == (size, type_)


def test_a_private_placement_has_no_external_address(stacks: Stacks) -> None:
    document = stacks["no-gpu-on-demand-private"]
    (interface,) = only(document, "google_compute_instance")["network_interface"]

    assert "access_config" not in interface
    assert document["output"]["public_ip"]["value"] == ""
    assert document["output"]["address"]["value"].endswith("network_interface[0].network_ip}")


def test_the_boot_configuration_is_the_one_of_every_cloud_and_holds_verifiers_only(stacks: Stacks) -> None:
    metadata = only(stacks["gcp-deployment"], "google_compute_instance")["metadata"]
    text = gzip.decompress(base64.b64decode(metadata["user-data"])).decode()

    assert metadata["user-data-encoding"] == "base64"
    assert text.startswith("#cloud-config\n")
    config = json.loads(text.partition("\n")[2])["write_files"][0]
    assert config["path"] == "/etc/flowllama/instance.json"
    assert set(json.loads(base64.b64decode(config["content"]))["tokens"]) == {"user_sha256", "health_sha256"}
    assert "fll_" not in json.dumps(stacks["gcp-deployment"])


def test_labels_are_on_provider_machine_and_disk_with_their_dashes(stacks: Stacks) -> None:
    document = stacks["hostile"]
    ours = {
        "flowllama-deployment": samples.DEPLOYMENT_ID,
        "flowllama-placement": f"{samples.DEPLOYMENT_ID}-1",
        "flowllama-epoch": "1",
        "flowllama-environment": "sample",
        "managed-by": "flowllama",
        "team_blue": "a",
    }
    machine = only(document, "google_compute_instance")
    disk = machine["boot_disk"]["initialize_params"]

    for labels in (document["provider"]["google"][0]["default_labels"], machine["labels"], disk["labels"]):
        assert ours.items() <= labels.items()
        assert set(labels) - set(ours) == {"label"}


def test_hostile_text_stays_data(stacks: Stacks) -> None:
    written = [text for text in strings(stacks["hostile"]) if "etc_passwd" in text]

    assert len(written) == 3
    assert all(text.replace("_", "").replace("-", "").isalnum() and len(text) <= 63 for text in written)
    assert not any("/etc/passwd" in text or "TfToken" in text for text in strings(stacks["hostile"]))


def test_a_lean_network_has_nothing_that_costs(stacks: Stacks) -> None:
    document = stacks["gcp-network-lean"]

    assert not {
        kind
        for kind in document["resource"]
        if kind.startswith(("google_compute_router", "google_compute_address"))
    }
    assert "log_config" not in only(document, "google_compute_subnetwork")
    assert document["output"]["private_subnets"]["value"] == {}
    assert document["output"]["egress_cidrs"]["value"] == ["10.64.0.0/16"]


def test_a_network_is_one_subnet_with_two_secondary_ranges_and_a_known_way_out(stacks: Stacks) -> None:
    document = stacks["gcp-network"]
    subnet = only(document, "google_compute_subnetwork")

    assert only(document, "google_compute_network")["auto_create_subnetworks"] is False
    assert subnet["ip_cidr_range"] == "10.64.0.0/17"
    assert [one["ip_cidr_range"] for one in subnet["secondary_ip_range"]] == [
        "10.64.128.0/18",
        "10.64.192.0/18",
    ]
    assert subnet["private_ip_google_access"] is True
    assert subnet["log_config"]["metadata"] == "INCLUDE_ALL_METADATA"
    assert only(document, "google_compute_router_nat")["nat_ip_allocate_option"] == "MANUAL_ONLY"
    inside, outside = document["output"]["egress_cidrs"]["value"]
    assert inside == "10.64.0.0/16"
    assert outside.endswith(".address}/32")


def test_the_longest_names_fit(stacks: Stacks) -> None:
    for kind, found in stacks["long-names"]["resource"].items():
        named = [thing["name"] for thing in found.values() if "name" in thing]
        assert len(set(named)) == len(named), kind
        assert all(len(name) <= 63 and not name.endswith("-") for name in named)


def test_the_account_of_instances_may_write_logs_and_nothing_else(stacks: Stacks) -> None:
    document = stacks["gcp-network"]

    assert only(document, "google_project_iam_member")["role"] == "roles/logging.logWriter"
    assert len(only(document, "google_service_account")["account_id"]) <= 30


def test_instances_share_models_under_one_prefix_of_the_bucket(stacks: Stacks) -> None:
    grant = only(stacks["models"], "google_storage_bucket_iam_member")

    assert (grant["bucket"], grant["role"]) == ("flowllama-sample-models", "roles/storage.objectUser")
    assert grant["condition"]["expression"] == (
        'resource.name.startsWith("projects/_/buckets/flowllama-sample-models/objects/models/")'
    )
    assert "google_storage_bucket_iam_member" not in stacks["gcp-network"]["resource"]


def test_state_lies_in_cloud_storage_under_the_key(stacks: Stacks) -> None:
    assert stacks["gcp-deployment"]["terraform"]["backend"] == {
        "gcs": {
            "bucket": "flowllama-sample-state",
            "prefix": f"placements/{samples.DEPLOYMENT_ID}-1/1",
        }
    }


def test_the_page_names_every_kind_of_resource(stacks: Stacks) -> None:
    page = (ROOT / "docs/infrastructure-gcp.md").read_text()
    kinds = {kind for document in stacks.values() for kind in document["resource"]}

    assert {kind for kind in kinds if kind not in page} == {"google_compute_instance"}, (
        "the machine has a section"
    )
