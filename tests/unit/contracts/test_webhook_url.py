"""The text of a webhook's URL: its form, and which targets it may name."""

import ipaddress

import pytest
from marshmallow import ValidationError

from contracts.http.webhook import MAX_URL, validate_webhook_target, validate_webhook_url

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com/hooks/fl",
        "https://hooks.example.com:443/a?b=c%20d&e=%F0",
        "https://xn--bcher-kva.example/x",
        "https://[2606:4700::1111]/x",
        "https://198.51.100.7.example.com/",
        "http://127.0.0.1:9000/hook",
        "https://example.com./hook",
    ],
)
def test_well_formed_urls_pass(text: str) -> None:
    validate_webhook_url(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com/hook",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "https://",
        "https:///path",
        "https://user@example.com/",
        "https://user:pass@example.com/",
        "https://@example.com/",
        "https://example.com/#part",
        "https://example.com/#",
        "https://example.com:0/",
        "https://example.com:70000/",
        "https://example.com:ssh/",
        "https://exa mple.com/",
        "https://example.com/\n",
        "https://exam\tple.com/",
        "https://example.com\\@169.254.169.254/",
        "https://bücher.example/",
        "https://%31%32%37.0.0.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://127.1/",
        "https://0/",
        "https://0177.0.0.1/",
        "https://[fe80::1%25eth0]/",
        "https://[v1.x]/",
        "https://[::1/",
        "https://-bad.example/",
        "https://a..example/",
        "https://example.com/" + "a" * MAX_URL,
    ],
)
def test_malformed_urls_are_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        validate_webhook_url(text)


@pytest.mark.parametrize(
    "text",
    [
        "http://example.com/",
        "https://example.com:8443/",
        "https://example.com:22/",
        "https://127.0.0.1/",
        "https://10.0.0.8/",
        "https://172.16.0.1/",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://100.100.100.200/",
        "https://198.18.0.1/",
        "https://224.0.0.1/",
        "https://0.0.0.0/",
        "https://255.255.255.255/",
        "https://[::]/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:8.8.8.8]/",
        "https://[fd00:ec2::254]/",
        "https://[fe80::1]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://[2002:7f00:1::]/",
    ],
)
def test_without_a_list_only_https_on_443_to_public_addresses_passes(text: str) -> None:
    with pytest.raises(ValidationError):
        validate_webhook_target(text, allowed=())


def test_a_listed_network_admits_http_and_any_port() -> None:
    validate_webhook_target("http://127.0.0.1:9000/hook", LOOPBACK)
    validate_webhook_target("http://localhost:9000/hook", LOOPBACK)


def test_a_listed_network_admits_nothing_else() -> None:
    for text in ("http://10.0.0.8/", "https://169.254.169.254/", "http://8.8.8.8/", "https://8.8.8.8:22/"):
        with pytest.raises(ValidationError):
            validate_webhook_target(text, LOOPBACK)
