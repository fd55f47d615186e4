"""Public addresses from a loopback range, so that a public instance is as reachable here as a private one.

A balancer's name is such an address as well: there is no name service here that could lead to it.
"""

import ipaddress
import itertools
from collections.abc import Callable
from typing import Any

from moto.ec2.models import elastic_ip_addresses, elastic_network_interfaces
from moto.elbv2.models import ELBv2Backend

_DRAWS = ((elastic_network_interfaces, "random_public_ip"), (elastic_ip_addresses, "random_ip"))
_create_load_balancer = ELBv2Backend.create_load_balancer


def hand_out_from(network: ipaddress.IPv4Network) -> None:
    """Make moto draw public and elastic addresses from this range: its own are other people's real ones."""
    draw = allocator(network)
    for module, name in _DRAWS:
        setattr(module, name, draw)

    def create_load_balancer(*arguments: Any, **named: Any) -> Any:
        balancer = _create_load_balancer(*arguments, **named)
        balancer.dns_name = draw()
        return balancer

    setattr(ELBv2Backend, "create_load_balancer", create_load_balancer)  # noqa: B010 - a plain assignment is a type error


def allocator(network: ipaddress.IPv4Network) -> Callable[[], str]:
    """Addresses in turn, wrapping round after the whole range: one in use is not drawn again soon."""
    usable = range(1, network.num_addresses - 1)
    offsets = itertools.cycle(usable)
    return lambda: str(network[next(offsets)])
