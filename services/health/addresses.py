"""Which addresses may be polled. The poller is a way into the operator's own network, so it is kept narrow."""

import ipaddress
import re
from collections.abc import Sequence

from contracts.http.webhook import Address
from services.chassis.config import Network

_PRIVATE: tuple[Network, ...] = tuple(
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)
# What a name must never lead to inside ranges that are allowed: AWS's own services over IPv6 (metadata, credentials of
# tasks), Google's metadata, Alibaba's in CG-NAT space, and 6to4, which wraps any address of IPv4.
_NEVER: tuple[Network, ...] = tuple(
    ipaddress.ip_network(text)
    for text in ("fd00:ec2::/32", "fd20:ce::254/128", "100.100.100.200/32", "2002::/16")
)

# Letters in the last label, so that nothing which a resolver could read as an address passes for a name.
_NAME = re.compile(r"(?=.{1,253}\Z)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}")


def may_be_polled(text: str, networks: Sequence[Network]) -> bool:
    """A literal address inside the listed networks; without a list, one that a cloud gives to machines."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if networks:
        return _is_in(address, networks)
    if address.is_multicast or address.is_reserved or address.is_unspecified or _is_in(address, _NEVER):
        return False
    return address.is_global or _is_in(address, _PRIVATE)


def may_be_resolved(text: str) -> bool:
    """A name that a balancer may have; what it leads to is judged at every poll."""
    return _NAME.fullmatch(text) is not None


def authority(address: str, port: int) -> str:
    """Host and port as a URL has them."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
