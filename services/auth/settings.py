"""Settings of auth."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from environs import Env
from marshmallow import ValidationError, validate

from services.auth.keys import UnusableKeyError, read_private_key, read_private_keys
from services.chassis import config
from services.chassis.config import CommonSettings, Network

PORT = 8081
_DIGEST = re.compile(r"[0-9a-f]{64}")
_CLIENT_ID = re.compile(r"[a-z][a-z0-9-]{0,39}")


@dataclass(frozen=True)
class Settings:
    """`service_clients` maps a client id to the hex SHA-256 of its 256-bit random secret.

    Signing keys come from files, or as the text of `signing_pem` where a platform hands secrets over as variables.
    """

    common: CommonSettings
    signing_keys: tuple[Path, ...]
    signing_pem: str = field(repr=False)
    service_clients: Mapping[str, str] = field(repr=False)
    sealing_keys: tuple[str, ...] = field(repr=False)
    hash_concurrency: int
    unthrottled_networks: tuple[Network, ...]


def build(env: Env) -> Settings:
    pem: str | None = env.str("AUTH_SIGNING_KEYS_PEM", "", validate=_private_key_texts)
    # Files are asked for only where there is no text, good or bad.
    files: list[str] = env.list("AUTH_SIGNING_KEYS", validate=_private_keys) or [] if pem == "" else []
    clients: Any = env.json("SERVICE_CLIENTS", {}, validate=_clients)
    return Settings(
        common=build_common(env),
        signing_keys=tuple(Path(file) for file in files),
        signing_pem=pem or "",
        service_clients=clients,
        sealing_keys=config.sealing_keys(env),
        hash_concurrency=env.int("AUTH_HASH_CONCURRENCY", 4, validate=validate.Range(1, 64)),
        unthrottled_networks=config.networks(env, "AUTH_UNTHROTTLED_NETWORKS"),
    )


def build_common(env: Env) -> CommonSettings:
    """What an operator's command needs: the store, and no key."""
    return config.common(env, service="auth", default_port=PORT)


def _private_keys(paths: list[str]) -> None:
    if not paths:
        raise ValidationError("At least one file with an Ed25519 private key is needed.")
    for path in paths:
        try:
            read_private_key(Path(path))
        except UnusableKeyError as error:
            raise ValidationError(str(error)) from error


def _private_key_texts(text: str) -> None:
    try:
        read_private_keys(text)
    except UnusableKeyError as error:
        raise ValidationError(str(error)) from error


def _clients(clients: Any) -> None:
    if not isinstance(clients, dict) or not all(_is_client(*entry) for entry in clients.items()):
        raise ValidationError("Must be a JSON object of client ids to hex SHA-256 digests of their secrets.")


def _is_client(client_id: object, digest: object) -> bool:
    return (
        isinstance(client_id, str)
        and isinstance(digest, str)
        and _CLIENT_ID.fullmatch(client_id) is not None
        and _DIGEST.fullmatch(digest) is not None
    )
