"""Where a connection may go: every address of a name is judged, and the one that was judged is the one called."""

import ipaddress
import socket
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import requests
from marshmallow import ValidationError
from requests_hardened.ip_filter import InvalidIPAddress, filter_host

from contracts.http.webhook import (
    Address,
    is_listed,
    is_public,
    literal,
    require_public_form,
    validate_webhook_url,
)
from services.chassis.config import Network

Resolver = Callable[[str, int], Sequence[str]]
DEFAULT_PORTS = {"https": 443, "http": 80}


class RefusedTargetError(requests.RequestException):
    """This target is never called; its text says why, without naming an address of ours."""


def resolve(host: str, port: int) -> Sequence[str]:
    """All addresses of a name, as the operating system gives them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def pin(url: str, allowed: Sequence[Network], resolver: Resolver) -> str:
    """The one address to connect to. Raises `RefusedTargetError`, or `requests.ConnectionError` for no such name.

    One refused address refuses the name: a name that points inside and outside at once is an attack.
    """
    try:
        validate_webhook_url(url)
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORTS[parts.scheme]
        addresses = _addresses(parts.hostname or "", port, resolver)
        if not all(is_listed(address, allowed) for address in addresses):
            require_public_form(parts)
            _require_public([address for address in addresses if not is_listed(address, allowed)], port)
    except ValidationError as error:
        raise RefusedTargetError(f"refused: {'; '.join(error.messages)}") from error
    return str(addresses[0])


def _addresses(host: str, port: int, resolver: Resolver) -> Sequence[Address]:
    spelled = literal(host)
    if spelled is not None:
        return [spelled]
    try:
        texts = resolver(host, port)
    except OSError as error:
        raise requests.ConnectionError("the name does not resolve") from error
    if not texts:
        raise requests.ConnectionError("the name does not resolve")
    return [ipaddress.ip_address(text.partition("%")[0]) for text in texts]


def _require_public(addresses: Sequence[Address], port: int) -> None:
    """Our own table and that of requests-hardened must both agree."""
    for address in addresses:
        try:
            filter_host(str(address), port, allow_loopback=False)
        except InvalidIPAddress as error:
            raise RefusedTargetError("refused: it leads to an address that is not public") from error
        if not is_public(address):
            raise RefusedTargetError("refused: it leads to an address that is not public")
