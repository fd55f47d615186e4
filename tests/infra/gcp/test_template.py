"""The machines of a group are the same as a machine alone."""

from typing import Any

import pytest

from tests.infra.gcp.conftest import Stacks
from tests.infra.gcp.specs import NAME, SUBNET
from tests.infra.test_stacks import only


def template(stacks: Stacks, name: str) -> dict[str, Any]:
    return only(stacks[name], "google_compute_instance_template")


@pytest.mark.parametrize(
    ("many", "one"),
    [
        ("gcp-deployment-balanced", "gcp-deployment"),
        ("balanced-one-zone", "t4"),
        ("balanced-no-gpu", "no-gpu-on-demand-private"),
    ],
)
@pytest.mark.parametrize(
    "part",
    [
        "machine_type",
        "tags",
        "scheduling",
        "shielded_instance_config",
        "guest_accelerator",
        "service_account",
    ],
)
def test_a_machine_of_a_group_is_made_like_one_alone(stacks: Stacks, many: str, one: str, part: str) -> None:
    assert template(stacks, many).get(part) == only(stacks[one], "google_compute_instance").get(part)


def test_it_boots_by_the_same_configuration_without_keys(stacks: Stacks) -> None:
    metadata = template(stacks, "gcp-deployment-balanced")["metadata"]

    assert metadata == only(stacks["gcp-deployment"], "google_compute_instance")["metadata"]
    assert metadata["block-project-ssh-keys"] == "TRUE"


def test_its_disk_is_as_big_and_goes_with_it(stacks: Stacks) -> None:
    (disk,) = template(stacks, "balanced-one-zone")["disk"]

    assert disk["source_image"].endswith("ubuntu-accelerator-2404-amd64-with-nvidia-580")
    assert (disk["disk_size_gb"], disk["disk_type"]) == (50, "pd-balanced")
    assert (disk["boot"], disk["auto_delete"]) == (True, True)
    assert disk["labels"]["managed-by"] == "flowllama"


def test_a_machine_has_an_address_of_its_own_only_where_there_is_no_nat(stacks: Stacks) -> None:
    (private,) = template(stacks, "gcp-deployment-balanced")["network_interface"]
    (public,) = template(stacks, "balanced-one-zone")["network_interface"]

    assert private == {"subnetwork": SUBNET}
    assert public["access_config"] == [{"network_tier": "PREMIUM"}]


def test_the_next_template_stands_before_the_last_one_goes(stacks: Stacks) -> None:
    made = template(stacks, "gcp-deployment-balanced")

    assert made["lifecycle"] == {"create_before_destroy": True}
    assert made["name_prefix"] == f"{NAME}-"
    assert len(template(stacks, "balanced-long-name")["name_prefix"]) <= 54


def test_another_run_of_the_agent_replaces_no_machine(stacks: Stacks) -> None:
    again, first = stacks["balanced-next-epoch"], stacks["gcp-deployment-balanced"]
    kinds = ("google_compute_instance_template", "google_compute_region_instance_group_manager")

    assert all(again["resource"][kind] == first["resource"][kind] for kind in kinds)
    # The provider lays these over the template's own.
    assert (
        again["provider"]["google"][0]["default_labels"] == first["provider"]["google"][0]["default_labels"]
    )
    for name, epoch in (("gcp-deployment-balanced", "1"), ("balanced-next-epoch", "2")):
        assert only(stacks[name], "google_compute_global_address")["labels"]["flowllama-epoch"] == epoch
