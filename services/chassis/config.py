"""Settings are read once, at start, into frozen objects; every problem is reported together."""

import ipaddress
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from cryptography.fernet import Fernet
from environs import Env, EnvValidationError
from marshmallow import ValidationError, validate

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
S = TypeVar("S")

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
BROKERS = ("sqs", "memory")


@dataclass(frozen=True)
class CommonSettings:
    """What every service reads. `client_address_header` is one that the edge overwrites, or empty."""

    environment: str
    log_level: str
    mongodb_uri: str
    mongodb_database: str
    broker: str
    bind: str
    port: int
    threads: int
    jwks_url: str
    revocations_url: str
    client_address_header: str = ""


def read(build: Callable[[Env], S]) -> S:
    """Run a settings builder over the environment; print every problem at once and exit 2 if there are any."""
    env = Env(eager=False)
    settings = build(env)
    try:
        env.seal()
    except EnvValidationError as error:
        print(f"settings refused: {error.error_messages}", file=sys.stderr)  # noqa: T201
        raise SystemExit(2) from error
    return settings


def common(env: Env, *, service: str, default_port: int, default_threads: int = 16) -> CommonSettings:
    """The shared settings; a service's own port is `<SERVICE>_PORT`."""
    auth = env.str("AUTH_URL", "http://127.0.0.1:8081")
    return CommonSettings(
        environment=env.str("FLOWLLAMA_ENVIRONMENT", "local"),
        log_level=env.str("LOG_LEVEL", "INFO", validate=validate.OneOf(LEVELS)),
        mongodb_uri=env.str("MONGODB_URI", "mongodb://127.0.0.1:8091"),
        mongodb_database=env.str("MONGODB_DATABASE", "flowllama"),
        broker=env.str("QUEUE_BROKER", "sqs", validate=validate.OneOf(BROKERS)),
        bind=env.str("BIND_HOST", "127.0.0.1"),
        port=env.int(
            f"{service.upper().replace('-', '_')}_PORT", default_port, validate=validate.Range(0, 65_535)
        ),
        threads=env.int("HTTP_THREADS", default_threads, validate=at_least(1)),
        jwks_url=env.str("JWKS_URL", f"{auth}/.well-known/jwks.json"),
        revocations_url=env.str("REVOCATIONS_URL", f"{auth}/internal/revocations"),
        client_address_header=env.str("CLIENT_ADDRESS_HEADER", ""),
    )


def networks(env: Env, name: str) -> tuple[Network, ...]:
    """A positive list of networks, empty by default; a malformed one is a problem of that setting."""
    texts: list[str] = env.list(name, [], validate=_all_networks) or []
    return tuple(ipaddress.ip_network(text.strip()) for text in texts)


def sealing_keys(env: Env) -> tuple[str, ...]:
    """The Fernet keys of `sealing.Sealer`, the one that seals first."""
    return tuple(env.list("FLOWLLAMA_SEALING_KEYS", validate=_all_fernet_keys) or ())


def at_least(minimum: int) -> validate.Range:
    return validate.Range(minimum, error=f"Must be at least {minimum}.")


def _all_fernet_keys(texts: list[str]) -> None:
    if not texts:
        raise ValidationError("At least one key is needed.")
    for text in texts:
        try:
            Fernet(text)
        except ValueError as error:
            raise ValidationError("Each key is 32 url-safe base64-encoded bytes.") from error


def _all_networks(texts: list[str]) -> None:
    for text in texts:
        try:
            ipaddress.ip_network(text.strip())
        except ValueError as error:
            raise ValidationError(str(error)) from error
