"""Whatever a placement's stack makes, the agent's sweep looks for, by a name or labels that the stack really gives."""

from collections.abc import Iterator

import pytest

from contracts.vocabulary import Cloud
from services.agent import gcp_kinds, gcp_names, kinds
from tests.infra.gcp.conftest import Document, Stacks

KINDS = {
    "google_compute_autoscaler": "autoscaler",
    "google_compute_backend_service": "backend_service",
    "google_compute_firewall": "firewall",
    "google_compute_global_address": "address",
    "google_compute_global_forwarding_rule": "forwarding_rule",
    "google_compute_health_check": "health_check",
    "google_compute_instance": "instance",
    "google_compute_instance_group_manager": "scaling_group",
    "google_compute_instance_template": "instance_template",
    "google_compute_managed_ssl_certificate": "certificate",
    "google_compute_region_autoscaler": "autoscaler",
    "google_compute_region_instance_group_manager": "scaling_group",
    "google_compute_security_policy": "security_policy",
    "google_compute_ssl_policy": "tls_policy",
    "google_compute_target_https_proxy": "https_proxy",
    "google_compute_url_map": "url_map",
}
RECORD = "google_dns_record_set"  # Looked for by its whole name, not by kind.
# Made by a machine or by a group, so that no stack names them.
MADE_BY_OTHERS = {"instance", "disk"}

SINGLE, BALANCED = kinds.SINGLE[Cloud.GCP], kinds.BALANCED[Cloud.GCP]


@pytest.mark.parametrize(
    ("name", "known"), [("gcp-deployment", SINGLE), ("gcp-deployment-balanced", BALANCED)]
)
def test_each_kind_that_a_stack_makes_is_looked_for(
    stacks: Stacks, name: str, known: tuple[str, ...]
) -> None:
    made = {KINDS[type_] for type_ in stacks[name]["resource"] if type_ != RECORD}

    assert made | MADE_BY_OTHERS == set(known)


@pytest.mark.parametrize("name", ["gcp-deployment", "gcp-deployment-balanced"])
def test_each_thing_says_by_label_or_name_whose_it_is(stacks: Stacks, name: str) -> None:
    by_label = {kind.name for kind in gcp_kinds.TABLE if kind.by_label}

    for kind, thing in _things(stacks[name]):
        own = (
            thing["labels"]
            if kind in by_label
            else gcp_names.tags_in(thing.get("name") or f"{thing['name_prefix']}1")
        )
        assert own[gcp_names.PLACEMENT] == "dep_01k00000000000000000000000-1", kind
        assert own[gcp_names.DEPLOYMENT] == "dep_01k00000000000000000000000", kind


def test_the_machines_of_a_group_and_their_disks_carry_what_the_reaper_goes_by(stacks: Stacks) -> None:
    (template,) = stacks["gcp-deployment-balanced"]["resource"]["google_compute_instance_template"].values()

    for labels in (template["labels"], template["disk"][0]["labels"]):
        assert labels["managed-by"] == "flowllama"
        assert labels["flowllama-environment"] == "sample"
        assert labels[gcp_names.PLACEMENT]


def test_the_order_of_removal_has_every_kind_once() -> None:
    assert sorted(kind.name for kind in gcp_kinds.TABLE) == sorted(BALANCED)


def _things(stack: Document) -> Iterator[tuple[str, Document]]:
    for type_, named in stack["resource"].items():
        if type_ != RECORD:
            yield from ((KINDS[type_], thing) for thing in named.values())
