"""Where a webhook may go, as far as its text tells. What a name resolves to is checked again at every send."""

import ipaddress
import re
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

from marshmallow import ValidationError

MAX_URL = 2048
HTTPS_PORT = 443
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_PLAIN = re.compile(r"[!#-;=?-\[\]_a-z~%]+")  # Printable ASCII without spaces, quotes, <>, \, ^, `, {|}.
_NAME = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.?"
)
_NUMBER = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)")
# Not global, whatever the interpreter's own table says: shared address space, 6to4, NAT64, Teredo's parent.
_NEVER_PUBLIC: tuple[Network, ...] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "100.64.0.0/10",
        "192.88.99.0/24",
        "192.0.0.0/24",
        "198.18.0.0/15",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2001::/23",
        "2002::/16",
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",
    )
)


def validate_webhook_url(text: str) -> None:
    """The form alone. Raises `ValidationError`."""
    _split(text)


def validate_webhook_target(text: str, allowed: Sequence[Network]) -> None:
    """The form, and whether the target may be called. Raises `ValidationError`.

    Without an allowed network only https on port 443 to public addresses passes. Inside an allowed network
    http and any port do; a name then passes here and is judged by its addresses at send time.
    """
    parts = _split(text)
    address = literal(parts.hostname or "")
    if address is not None:
        if is_listed(address, allowed):
            return
        if not is_public(address):
            raise ValidationError("This address is not a public one.")
    elif allowed:
        return
    require_public_form(parts)


def require_public_form(parts: SplitResult) -> None:
    """What a target outside the allowed networks must look like. Raises `ValidationError`."""
    if parts.scheme != "https":
        raise ValidationError("Must start with https://.")
    if parts.port not in (None, HTTPS_PORT):
        raise ValidationError("Must use port 443.")


def literal(host: str) -> Address | None:
    """The address that a host spells out, or None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet; one that wraps an IPv4 address never does."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return False
    if address.is_multicast or not address.is_global:
        return False
    return not any(address.version == net.version and address in net for net in _NEVER_PUBLIC)


def is_listed(address: Address, networks: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _split(text: str) -> SplitResult:
    if not 1 <= len(text) <= MAX_URL:
        raise ValidationError(f"Must have 1 to {MAX_URL} characters.")
    # Before anything is parsed: urlsplit drops tabs and line ends silently.
    if not _PLAIN.fullmatch(text):
        raise ValidationError("Must be a URL in plain ASCII, without spaces or control characters.")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ValidationError("Must be a well-formed URL.") from error
    if parts.scheme not in ("http", "https"):
        raise ValidationError("Must start with https:// or http://.")
    if "@" in parts.netloc:
        raise ValidationError("Must not carry a user name or password.")
    if "#" in text:
        raise ValidationError("Must not have a fragment.")
    if port == 0:
        raise ValidationError("Must use a port from 1 to 65535.")
    _check_host(parts)
    return parts


def _check_host(parts: SplitResult) -> None:
    host = parts.hostname or ""
    if "[" in parts.netloc or literal(host) is not None:
        if literal(host) is None or "%" in host:
            raise ValidationError("Must name an address without a zone.")
        return
    last = host.rstrip(".").rpartition(".")[2]
    # 2130706433, 0x7f.1 and 127.1 are addresses to a resolver: only the dotted form is read as one.
    if not _NAME.fullmatch(host) or _NUMBER.fullmatch(last):
        raise ValidationError("Must name a host.")
