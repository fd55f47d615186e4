"""Where a request comes from, in a form that is safe to keep: bounded, and without control characters."""

import ipaddress
from dataclasses import dataclass

MAX_AGENT = 200
UNKNOWN = "unknown"
_IPV6_SITE_BITS = 64  # One subscriber has all of it.


@dataclass(frozen=True)
class Origin:
    address: str
    user_agent: str
    correlation_id: str

    @property
    def site(self) -> str:
        """What throttling counts by: the IPv4 address, or the /64 network of an IPv6 one."""
        try:
            address = ipaddress.ip_address(self.address)
        except ValueError:
            return UNKNOWN
        if address.version == 4:  # noqa: PLR2004 - the protocol's number
            return str(address)
        return str(ipaddress.ip_network((address, _IPV6_SITE_BITS), strict=False))


def origin(address: str, user_agent: str, correlation_id: str) -> Origin:
    return Origin(_address(address), printable(user_agent, MAX_AGENT), correlation_id)


def printable(text: str, limit: int) -> str:
    """Cut to `limit`; whatever could forge a line of a log becomes a space."""
    return "".join(character if character.isprintable() else " " for character in text[:limit]).strip()


def _address(text: str) -> str:
    try:
        return ipaddress.ip_address(text.partition("%")[0]).compressed
    except ValueError:
        return UNKNOWN
