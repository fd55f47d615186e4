"""A region's network: one subnet, a known way out, and nothing that costs where it is lean."""

import pytest

from tests.infra.gcp.conftest import Stacks
from tests.infra.test_stacks import addresses, only


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


def test_a_vpc_may_span_regions_each_with_its_own_subnet_and_way_out(trees: Stacks) -> None:
    resources = trees["two-regions"]["resource"]

    assert len(resources["google_compute_network"]) == 1
    assert {
        (subnet["region"], subnet["ip_cidr_range"])
        for subnet in resources["google_compute_subnetwork"].values()
    } == {("us-central1", "10.64.0.0/17"), ("europe-west4", "10.65.0.0/17")}
    for kind in ("google_compute_router", "google_compute_router_nat", "google_compute_address"):
        assert {one["region"] for one in resources[kind].values()} == {"us-central1", "europe-west4"}
    said = trees["two-regions"]["output"]["said"]["value"]
    assert set(said["private"]) == {"us-central1-a", "europe-west4-a", "europe-west4-b"}
    assert [cidr for cidr in said["egress"] if cidr.startswith("10.")] == ["10.64.0.0/16", "10.65.0.0/16"]
    assert len(said["egress"]) == 4


def test_a_second_region_moves_no_address_of_the_first(trees: Stacks) -> None:
    assert set(addresses(trees["one-region"])) < set(addresses(trees["two-regions"]))


def test_two_lean_regions_have_nothing_that_costs(trees: Stacks) -> None:
    assert set(trees["two-lean-regions"]["resource"]) == {
        "google_compute_network",
        "google_compute_subnetwork",
    }


@pytest.mark.parametrize("name", ["overlapping-regions", "the-same-region-twice"])
def test_regions_differ_and_their_ranges_never_overlap(trees: Stacks, name: str) -> None:
    assert "never overlap" in trees[name]["output"]["said"]["value"]
