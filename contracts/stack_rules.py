"""The checks behind a stack spec, each a function that takes one value and raises a `ValidationError` saying why.

They are repeated here although the HTTP schemas check the same things: a spec is the last thing read before
text becomes infrastructure, and it may come from an old record or from another producer.
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import Any

from marshmallow import ValidationError, fields

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Ollama's own parser knows no dot in a namespace, so a first part with one could only be meant as a host.
MODEL_TAG = re.compile(
    r"(?![^/]*\.[^/]*/)[a-z0-9][a-z0-9._-]{0,63}(/[a-z0-9][a-z0-9._-]{0,63})?(:[A-Za-z0-9._-]{1,64})?"
)
HUGGING_FACE_TAG = re.compile(r"hf\.co(/[A-Za-z0-9][A-Za-z0-9._-]{0,95}){2}:[A-Za-z0-9._-]{1,64}")

OLLAMA_OLDEST = (0, 17, 1)  # CVE-2026-7482 is fixed from here on.
RESERVED_TAG_PREFIXES = ("flowllama-", "managed-by", "aws:")

# Two /1 would be the whole world again, so a short prefix is refused as well as /0.
SHORTEST_PREFIX = {4: 8, 6: 16}
_VERSION = re.compile(r"(\d{1,4})\.(\d{1,4})\.(\d{1,4})")
_TAG_KEY = re.compile(r"[A-Za-z0-9 _.:/=+@-]{1,128}")
_TAG_VALUE_LIMIT = 256
VPC_PREFIXES = (16, 24)  # The biggest and the smallest.


class Pattern:
    """A validator that matches the whole text. `validate.Regexp` with `$` would let a trailing newline pass."""

    def __init__(self, pattern: str | re.Pattern[str], meaning: str) -> None:
        self.pattern = re.compile(pattern)
        self.meaning = meaning

    def __call__(self, value: str) -> None:
        if not self.pattern.fullmatch(value):
            raise ValidationError(f"Must be {self.meaning}.")


# With room for the name of a placement before it.
domain_name = Pattern(r"(?=.{1,190}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", "a domain name")


class Cidr(fields.String):
    """A network in CIDR notation, returned in canonical form. Host bits that are set are refused, not dropped."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text is None or "/" not in text:
            raise ValidationError("Must be a network in CIDR notation, such as 203.0.113.7/32.")
        return str(parse_network(text))


def parse_network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text, strict=True)
    except ValueError as error:
        raise ValidationError(f"Not a network: {error}.") from error


def model_tag(value: str) -> None:
    if not (MODEL_TAG.fullmatch(value) or HUGGING_FACE_TAG.fullmatch(value)):
        raise ValidationError("Must be an Ollama tag like llama3.2:1b, or hf.co/owner/repo:QUANT.")


def ollama_version(value: str) -> None:
    found = _VERSION.fullmatch(value)
    if not found:
        raise ValidationError("Must be a version like 0.32.9.")
    if tuple(int(part) for part in found.groups()) < OLLAMA_OLDEST:
        raise ValidationError("Must be 0.17.1 or newer: older ones let a crafted model file read memory.")


def not_the_world(value: str) -> None:
    """Refuse 0.0.0.0/0 and ::/0, and anything so wide that a handful would add up to them."""
    network = parse_network(value)
    shortest = SHORTEST_PREFIX[network.version]
    if network.prefixlen < shortest:
        raise ValidationError(f"Too wide: IPv{network.version} networks must be /{shortest} or smaller.")


def vpc_network(cidr: str, supernets: Iterable[str]) -> None:
    network, (biggest, smallest) = parse_network(cidr), VPC_PREFIXES
    if not isinstance(network, ipaddress.IPv4Network) or not biggest <= network.prefixlen <= smallest:
        raise ValidationError(f"Must be an IPv4 network from /{biggest} to /{smallest}.", "cidr")
    if not any(_inside(network, parse_network(supernet)) for supernet in supernets):
        raise ValidationError(
            f"Must lie inside one of the allowed supernets: {', '.join(supernets)}.", "cidr"
        )


def _inside(network: Network, supernet: Network) -> bool:
    if isinstance(network, ipaddress.IPv4Network) and isinstance(supernet, ipaddress.IPv4Network):
        return network.subnet_of(supernet)
    return False


def tag_key(value: str) -> None:
    if not _TAG_KEY.fullmatch(value):
        raise ValidationError("Must be 1 to 128 letters, digits, spaces or _.:/=+@-.")
    if value.lower().startswith(RESERVED_TAG_PREFIXES):
        raise ValidationError("Reserved: the stack itself sets flowllama-* and managed-by.")


def tag_value(value: str) -> None:
    """Any printable text will do: what Terraform would read as a template is escaped when it is written."""
    if len(value) > _TAG_VALUE_LIMIT or not value.isprintable():
        raise ValidationError("Must be at most 256 printable characters.")


def all_differ(values: list[str]) -> None:
    if len(set(values)) != len(values):
        raise ValidationError("Must not name anything twice.")


def first_refusal(pattern: Pattern, texts: Iterable[str]) -> list[str]:
    """What the pattern says of the first text that it refuses; empty where it takes them all."""
    for text in texts:
        try:
            pattern(text)
        except ValidationError as error:
            return [str(message) for message in error.messages]
    return []


def any_ipv4(cidrs: Iterable[str]) -> bool:
    return any(":" not in cidr for cidr in cidrs)
