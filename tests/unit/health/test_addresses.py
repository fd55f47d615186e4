"""Which addresses the poller may call."""

import ipaddress

import pytest

from services.health.addresses import authority, may_be_polled, may_be_resolved

LOCAL = (ipaddress.ip_network("127.77.0.0/16"),)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "10.0.3.4", "172.31.0.9", "192.168.7.7", "100.64.1.1", "2600:1f18::1"]
)
def test_addresses_that_clouds_give_to_machines(address: str) -> None:
    assert may_be_polled(address, ())


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "::1",
        "169.254.169.254",
        "fe80::1",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",
        "2002:a9fe:a9fe::1",
        "100.100.100.200",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "localhost",
        "2130706433",
        "0x7f000001",
        "127.1",
        "10.0.0.1:22",
        "10.0.0.1/",
        "",
    ],
)
def test_addresses_that_are_never_called(address: str) -> None:
    assert not may_be_polled(address, ())


@pytest.mark.parametrize("name", ["dep-1.models.example.com", "lb-1.us-east-1.elb.amazonaws.com"])
def test_a_balancers_name_may_be_resolved(name: str) -> None:
    assert may_be_resolved(name)


@pytest.mark.parametrize(
    "name",
    ["localhost", "127.1", "0x7f.1", "10.0.0.1", "a.b/", "a b.com", "-a.com", "a..com", "a.com.", "::1", ""],
)
def test_what_is_no_public_name_is_never_resolved(name: str) -> None:
    assert not may_be_resolved(name)


def test_a_list_admits_what_it_names_and_nothing_else() -> None:
    assert may_be_polled("127.77.3.4", LOCAL)
    assert not may_be_polled("127.0.0.1", LOCAL)
    assert not may_be_polled("8.8.8.8", LOCAL)


def test_an_ipv6_address_has_brackets_in_a_url() -> None:
    assert authority("2600:1f18::1", 11434) == "[2600:1f18::1]:11434"
