"""Public addresses from a loopback range, so that a public instance is as reachable here as a private one."""

import ipaddress
import itertools
from collections.abc import Callable

from moto.ec2.models import elastic_ip_addresses, elastic_network_interfaces

_DRAWS = ((elastic_network_interfaces, "random_public_ip"), (elastic_ip_addresses, "random_ip"))


def hand_out_from(network: ipaddress.IPv4Network) -> None:
    """Make moto draw public and elastic addresses from this range: its own are other people's real ones."""
    draw = allocator(network)
    for module, name in _DRAWS:
        setattr(module, name, draw)


def allocator(network: ipaddress.IPv4Network) -> Callable[[], str]:
    """Addresses in turn, wrapping round after the whole range: one in use is not drawn again soon."""
    usable = range(1, network.num_addresses - 1)
    offsets = itertools.cycle(usable)
    return lambda: str(network[next(offsets)])
