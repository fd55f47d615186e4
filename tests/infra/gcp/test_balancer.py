"""The balancer of a placement: who is admitted, what it presents, and how long it waits."""

from typing import Any

from tests.infra.gcp.conftest import Stacks
from tests.infra.gcp.specs import CERTIFICATE, NAME
from tests.infra.test_stacks import only

BALANCED = "gcp-deployment-balanced"
GOOGLE = ["130.211.0.0/22", "35.191.0.0/16"]


def rules(stacks: Stacks, name: str) -> list[tuple[int, str, list[str]]]:
    found = only(stacks[name], "google_compute_security_policy")["rule"]
    return [(rule["priority"], rule["action"], rule["match"]["config"]["src_ip_ranges"]) for rule in found]


def listeners(stacks: Stacks, name: str) -> dict[str, dict[str, Any]]:
    found = stacks[name]["resource"]["google_compute_global_forwarding_rule"].values()
    return {rule["port_range"]: rule for rule in found}


def test_the_listed_networks_and_the_platform_are_admitted_and_nobody_else(stacks: Stacks) -> None:
    assert rules(stacks, BALANCED) == [
        (1000, "allow", ["10.64.0.0/16", "203.0.113.7/32"]),
        (2147483647, "deny(403)", ["*"]),
    ]


def test_a_long_list_is_cut_into_rules_of_ten(stacks: Stacks) -> None:
    *admitting, last = rules(stacks, "balanced-no-gpu")

    assert [(priority, len(cidrs)) for priority, _, cidrs in admitting] == [(1000, 10), (1001, 10), (1002, 3)]
    assert {action for _, action, _ in admitting} == {"allow"}
    assert any("2001:db8::/32" in cidrs for _, _, cidrs in admitting)
    assert last[1:] == ("deny(403)", ["*"])


def test_an_empty_list_is_refused(trees: Stacks) -> None:
    assert "at least one network" in trees["nobody-admitted"]["output"]["said"]["value"]


def test_the_policy_stands_before_the_machines_themselves(stacks: Stacks) -> None:
    backend = only(stacks[BALANCED], "google_compute_backend_service")

    assert backend["security_policy"].startswith("${google_compute_security_policy.")
    assert backend["load_balancing_scheme"] == "EXTERNAL_MANAGED"


def test_machines_admit_googles_proxies_and_the_platform_and_no_user(stacks: Stacks) -> None:
    rule = only(stacks[BALANCED], "google_compute_firewall")

    assert rule["source_ranges"] == ["10.64.0.0/16", *GOOGLE]
    assert rule["target_tags"] == [NAME]
    assert rule["allow"] == [{"protocol": "tcp", "ports": ["11434"]}]


def test_it_speaks_tls_to_the_group_by_its_named_port(stacks: Stacks) -> None:
    backend = only(stacks[BALANCED], "google_compute_backend_service")
    group = only(stacks[BALANCED], "google_compute_region_instance_group_manager")

    assert (backend["protocol"], backend["port_name"]) == ("HTTPS", "ollama")
    assert group["named_port"] == [{"name": "ollama", "port": 11434}]
    assert backend["backend"][0]["group"].endswith(".instance_group}")


def test_an_answer_may_take_an_hour_and_a_leaving_machine_finishes_its_own(stacks: Stacks) -> None:
    backend = only(stacks[BALANCED], "google_compute_backend_service")

    assert (backend["timeout_sec"], backend["connection_draining_timeout_sec"]) == (3600, 300)
    assert backend["locality_lb_policy"] == "LEAST_REQUEST"
    assert backend["log_config"] == {"enable": True, "sample_rate": 1}


def test_a_machines_capacity_follows_the_answers_that_it_writes_at_a_time(stacks: Stacks) -> None:
    (backend,) = only(stacks[BALANCED], "google_compute_backend_service")["backend"]

    # The sample writes two answers at a time.
    assert (backend["balancing_mode"], backend["max_rate_per_instance"]) == ("RATE", 0.2)


def test_clients_need_tls_1_2_and_its_better_ciphers(stacks: Stacks) -> None:
    policy = only(stacks[BALANCED], "google_compute_ssl_policy")
    proxy = only(stacks[BALANCED], "google_compute_target_https_proxy")

    assert (policy["min_tls_version"], policy["profile"]) == ("TLS_1_2", "RESTRICTED")
    assert proxy["ssl_policy"].startswith("${google_compute_ssl_policy.")


def test_google_keeps_a_certificate_for_the_placements_name_and_may_ask_for_it(stacks: Stacks) -> None:
    certificate = only(stacks[BALANCED], "google_compute_managed_ssl_certificate")

    assert certificate["managed"]["domains"] == [f"{NAME.removeprefix('flowllama-')}.models.example.com"]
    # One that is given up for the user's own goes after the balancer has let go of it.
    assert certificate["lifecycle"] == {"create_before_destroy": True}
    # Google proves on port 443 that the name is ours, and nowhere else.
    assert set(listeners(stacks, BALANCED)) == {"11434", "443"}
    assert len({rule["target"] for rule in listeners(stacks, BALANCED).values()}) == 1


def test_a_given_certificate_is_presented_on_the_one_port(stacks: Stacks) -> None:
    name = "balanced-one-zone"

    assert only(stacks[name], "google_compute_target_https_proxy")["ssl_certificates"] == [CERTIFICATE]
    assert "google_compute_managed_ssl_certificate" not in stacks[name]["resource"]
    assert set(listeners(stacks, name)) == {"11434"}


def test_neither_a_certificate_nor_a_name_is_refused(trees: Stacks) -> None:
    assert "needs a certificate" in trees["no-certificate"]["output"]["said"]["value"]


def test_the_placement_has_its_name_for_thirty_seconds(stacks: Stacks) -> None:
    record = only(stacks[BALANCED], "google_dns_record_set")
    host = f"{NAME.removeprefix('flowllama-')}.models.example.com"

    assert (record["name"], record["type"], record["ttl"]) == (f"{host}.", "A", 30)
    assert record["rrdatas"][0].startswith("${google_compute_global_address.")
    assert stacks[BALANCED]["output"]["address"]["value"] == host


def test_without_a_record_the_placement_goes_by_its_address(stacks: Stacks) -> None:
    document = stacks["balanced-one-zone"]

    assert "google_dns_record_set" not in document["resource"]
    assert document["output"]["address"]["value"].endswith(".address}")


def test_the_outputs_name_the_group_and_no_single_machine(stacks: Stacks) -> None:
    said = {name: output["value"] for name, output in stacks[BALANCED]["output"].items()}

    assert said["instance_id"].startswith("${google_compute_region_instance_group_manager.")
    assert (said["private_ip"], said["public_ip"], said["spot_request_id"]) == ("", "", "")
    assert said["balancer_name"].startswith("${google_compute_url_map.")
    assert said["security_group_id"].startswith("${google_compute_firewall.")
