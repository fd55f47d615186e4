"""Who reaches what: each placement by its own list, all instances of a network by nobody else."""

import json

import pytest

from tests.infra.gcp.conftest import Stacks
from tests.infra.gcp.specs import NAME
from tests.infra.test_stacks import only


def test_no_rule_admits_the_world(stacks: Stacks) -> None:
    for document in stacks.values():
        for rule in document["resource"].get("google_compute_firewall", {}).values():
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


def test_nothing_opens_ssh_unless_it_is_asked_to(stacks: Stacks, trees: Stacks) -> None:
    for document in stacks.values():
        rules = document["resource"].get("google_compute_firewall", {}).values()
        assert not [rule for rule in rules for allow in rule.get("allow", ()) if "22" in allow["ports"]]

    ollama, ssh = trees["ssh-by-tunnel"]["resource"]["google_compute_firewall"].values()
    assert ollama["source_ranges"] == ["203.0.113.0/24"]
    assert ssh["allow"] == [{"protocol": "tcp", "ports": ["22"]}]
    assert ssh["source_ranges"] == ["35.235.240.0/20"]
    assert ssh["target_tags"] == ["machines"]


@pytest.mark.parametrize("name", ["without-a-source", "open-to-the-world-by-ssh"])
def test_a_rule_that_google_would_read_as_open_to_all_is_refused(trees: Stacks, name: str) -> None:
    assert "never the world" in trees[name]["output"]["said"]["value"]
