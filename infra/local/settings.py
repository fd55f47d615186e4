"""What a developer can choose about the local environment; everything else is derived from these few values."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from environs import Env
from marshmallow import ValidationError, validate

from services.chassis.config import read

REPOSITORY = Path(__file__).resolve().parents[2]
HIGHEST_PORT_OFFSET = 20
_SIZES = range(16, 21)


@dataclass(frozen=True)
class LocalSettings:
    """`port` is the edge's; the other ports follow it (`ports.py`). Both networks lie on the loopback."""

    port: int
    directory: Path
    vpc_network: ipaddress.IPv4Network
    public_network: ipaddress.IPv4Network
    instance_boot_s: float


def local_settings() -> LocalSettings:
    """Read the environment once; a second platform runs beside the first with another port, directory and network."""
    return read(_build)


def loopback_network(env: Env, name: str, default: str) -> ipaddress.IPv4Network:
    """A network setting; while its text is malformed the default stands in, and the problem is reported."""
    return ipaddress.IPv4Network(env.str(name, default, validate=_is_loopback) or default)


def _build(env: Env) -> LocalSettings:
    directory = Path(env.str("FLOWLLAMA_LOCAL_DIR", ".local"))
    return LocalSettings(
        port=env.int("FLOWLLAMA_PORT", 8080, validate=validate.Range(1024, 65535 - HIGHEST_PORT_OFFSET)),
        directory=(REPOSITORY / directory).resolve(),
        vpc_network=loopback_network(env, "FLOWLLAMA_LOCAL_NET", "127.77.0.0/16"),
        public_network=loopback_network(env, "FLOWLLAMA_LOCAL_PUBLIC_NET", "127.177.0.0/16"),
        instance_boot_s=env.float("FLOWLLAMA_BOOT_SECONDS", 3.0, validate=validate.Range(0, 3600)),
    )


def _is_loopback(text: str) -> None:
    """Instances get real servers on these addresses, so nothing but the loopback may be named."""
    try:
        network = ipaddress.IPv4Network(text)
    except ValueError as error:
        raise ValidationError(str(error)) from error
    if not network.subnet_of(ipaddress.IPv4Network("127.0.0.0/8")) or network.prefixlen not in _SIZES:
        raise ValidationError("Must be a /16 to /20 network inside 127.0.0.0/8.")
