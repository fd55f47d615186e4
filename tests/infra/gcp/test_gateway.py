"""The API's address: only public paths lead to a service, each address calls so often, and nobody says who they are."""

import json
from typing import Any

import pytest

from infra.cdktf.processes import OPEN
from tests.infra.gcp.conftest import ROOT, Stacks
from tests.infra.gcp.specs import CERTIFICATE
from tests.infra.gcp.test_queues import named
from tests.infra.test_stacks import only

PLATFORM = "gcp-platform"
PAGES = ROOT / "docs/api"


def led_to(stacks: Stacks, path: str, host: str = "api.example.com") -> str:
    """The backend, as Google's balancer matches: a whole path, or its beginning up to the slash before a star."""
    urls = only(stacks[PLATFORM], "google_compute_url_map")
    if host not in urls["host_rule"][0]["hosts"]:
        return str(urls["default_service"])
    (public,) = urls["path_matcher"]
    found = [
        rule["service"]
        for rule in public["path_rule"]
        if any(path.startswith(way[:-1]) if way.endswith("/*") else path == way for way in rule["paths"])
    ]
    assert len(found) <= 1, "a path leads to one service"
    return str(found[0] if found else public["default_service"])


@pytest.mark.parametrize("path", json.loads((PAGES / "openapi.json").read_text())["paths"])
def test_every_public_path_leads_to_one_service(stacks: Stacks, path: str) -> None:
    assert "_backend-" in led_to(stacks, path)


@pytest.mark.parametrize(
    "path",
    [
        *json.loads((PAGES / "openapi-internal.json").read_text())["paths"],
        *("/metrics", "/readyz", "/healthz", "/api/authority", "/", "/api", "/api/"),
    ],
)
def test_no_internal_path_leads_to_a_service(stacks: Stacks, path: str) -> None:
    assert "_nowhere_" in led_to(stacks, path)


def test_its_lines_are_found_by_the_name_of_its_balancer(stacks: Stacks) -> None:
    sink = named(stacks, "google_logging_project_sink")["flowllama-sample-gateway"]
    name = only(stacks[PLATFORM], "google_compute_url_map")["name"]

    assert sink["filter"] == f'resource.type="http_load_balancer" AND resource.labels.url_map_name="{name}"'


def test_another_name_than_ours_leads_nowhere(stacks: Stacks) -> None:
    assert "_nowhere_" in led_to(stacks, "/api/models", host="203.0.113.9")


def test_nowhere_has_no_machine_and_answers_that_there_is_no_such_path(stacks: Stacks) -> None:
    nowhere = named(stacks, "google_compute_backend_service")["flowllama-sample-api-nowhere"]
    policy = named(stacks, "google_compute_security_policy")["flowllama-sample-api-nowhere"]

    assert "backend" not in nowhere
    assert "_rate-nowhere_" in nowhere["security_policy"]
    assert [(rule["action"], rule["match"]["config"]["src_ip_ranges"]) for rule in policy["rule"]] == [
        ("deny(404)", ["*"])
    ]


def test_each_open_process_is_reached_by_its_own_cloud_run_service(stacks: Stacks) -> None:
    resources = stacks[PLATFORM]["resource"]
    endpoints = resources["google_compute_region_network_endpoint_group"]

    for process in OPEN:
        backend = named(stacks, "google_compute_backend_service")[f"flowllama-sample-api-{process.name}"]
        group = endpoints[backend["backend"][0]["group"].split(".")[1]]
        service = resources["google_cloud_run_v2_service"][group["cloud_run"]["service"].split(".")[1]]
        assert group["network_endpoint_type"] == "SERVERLESS"
        assert service["name"] == f"flowllama-sample-{process.name}"
        assert backend["load_balancing_scheme"] == "EXTERNAL_MANAGED"


def test_one_address_calls_six_hundred_times_a_minute_at_most(stacks: Stacks) -> None:
    policy = named(stacks, "google_compute_security_policy")["flowllama-sample-api"]
    rules: dict[str, dict[str, Any]] = {rule["action"]: rule for rule in policy["rule"]}

    limits = rules["throttle"]["rate_limit_options"]
    assert limits["rate_limit_threshold"] == {"count": 600, "interval_sec": 60}
    assert (limits["enforce_on_key"], limits["exceed_action"]) == ("IP", "deny(429)")


def test_the_gateway_alone_says_who_the_caller_is(stacks: Stacks) -> None:
    policy = named(stacks, "google_compute_security_policy")["flowllama-sample-api"]
    first = min(policy["rule"], key=lambda rule: rule["priority"])

    assert first["action"] == "deny(403)"
    assert first["match"]["expr"] == {"expression": "has(request.headers['x-flowllama-caller'])"}
    for process in OPEN:
        backend = named(stacks, "google_compute_backend_service")[f"flowllama-sample-api-{process.name}"]
        assert backend["custom_request_headers"] == ["X-FlowLlama-Caller:{client_ip_address}"]
        assert "_gateway_rate_" in backend["security_policy"]


def test_it_listens_by_https_alone_under_the_domain(stacks: Stacks) -> None:
    rule = only(stacks[PLATFORM], "google_compute_global_forwarding_rule")
    policy = only(stacks[PLATFORM], "google_compute_ssl_policy")
    record = only(stacks[PLATFORM], "google_dns_record_set")
    certificate = only(stacks[PLATFORM], "google_compute_managed_ssl_certificate")

    assert rule["port_range"] == "443"
    assert (policy["min_tls_version"], policy["profile"]) == ("TLS_1_2", "RESTRICTED")
    assert (record["name"], record["type"]) == ("api.example.com.", "A")
    assert certificate["managed"]["domains"] == ["api.example.com"]
    assert stacks[PLATFORM]["output"]["api_endpoint"]["value"] == "https://api.example.com"


def test_another_domain_gets_another_certificate_before_the_first_one_goes(stacks: Stacks) -> None:
    first, second = (
        only(stacks[name], "google_compute_managed_ssl_certificate")
        for name in (PLATFORM, "platform-another-domain")
    )

    # A certificate never changes, Google deletes none that is in use, and two have two names.
    assert first["lifecycle"] == second["lifecycle"] == {"create_before_destroy": True}
    assert first["name"] != second["name"]
    assert all(len(one["name"]) <= 63 for one in (first, second))


def test_a_certificate_of_the_operators_takes_the_place_of_googles(stacks: Stacks) -> None:
    document = stacks["platform-own-words"]

    assert only(document, "google_compute_target_https_proxy")["ssl_certificates"] == [CERTIFICATE]
    assert "google_compute_managed_ssl_certificate" not in document["resource"]
    assert "google_dns_record_set" not in document["resource"]


def test_answers_that_fail_for_our_fault_are_news(stacks: Stacks) -> None:
    policy = named(stacks, "google_monitoring_alert_policy", "display_name")[
        "flowllama-sample-gateway-failures"
    ]
    threshold = policy["conditions"][0]["condition_threshold"]

    assert threshold["filter"].endswith("AND metric.labels.response_code_class=500")
    assert threshold["threshold_value"] == 5
