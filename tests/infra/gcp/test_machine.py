"""The machine of a placement: shielded, without keys, and gone when its Spot ends."""

import base64
import gzip
import json

import pytest

from tests.infra.gcp.conftest import Stacks
from tests.infra.test_stacks import only


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


def test_another_run_of_the_agent_changes_labels_of_the_machine_and_replaces_nothing(stacks: Stacks) -> None:
    first, again = (
        dict(only(stacks[name], "google_compute_instance")) for name in ("gcp-deployment", "next-epoch")
    )

    assert [machine.pop("labels")["flowllama-epoch"] for machine in (first, again)] == ["1", "2"]
    # The provider replaces a machine for another label on its disk.
    assert again == first


def test_no_later_apply_replaces_it_for_an_image_a_script_or_the_ssds_that_came_with_it(
    stacks: Stacks,
) -> None:
    machine = only(stacks["gcp-deployment"], "google_compute_instance")

    assert machine["lifecycle"]["ignore_changes"] == [
        "boot_disk[0].initialize_params[0].image",
        'metadata["user-data"]',
        "scratch_disk",
    ]
