"""Signing keys: the first one signs, all are published, so that a key can be rotated without a gap."""

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from contracts.claims import ALGORITHM

_PEM_END = "-----END PRIVATE KEY-----"


class UnusableKeyError(Exception):
    """The file can't be read, or holds something other than an unencrypted Ed25519 private key."""


@dataclass(frozen=True)
class KeyRing:
    """What signs now, and the public keys that verifiers may meet."""

    signing: Ed25519PrivateKey = field(repr=False)
    signing_id: str
    public: Sequence[Mapping[str, str]]

    @classmethod
    def of(cls, keys: Sequence[Ed25519PrivateKey]) -> "KeyRing":
        public = [_jwk(key) for key in keys]
        return cls(signing=keys[0], signing_id=public[0]["kid"], public=public)

    def jwks(self) -> Mapping[str, Any]:
        return {"keys": list(self.public)}


def read_private_key(path: Path) -> Ed25519PrivateKey:
    """Raises `UnusableKeyError`, never with what the file holds."""
    try:
        pem = path.read_bytes()
    except OSError as error:
        raise UnusableKeyError(f"{path}: {type(error).__name__}") from error
    return _private_key(pem, str(path))


def read_private_keys(text: str) -> list[Ed25519PrivateKey]:
    """The keys of PEM blocks that follow each other. Raises `UnusableKeyError`, never with what the text holds."""
    blocks = [f"{block}{_PEM_END}" for block in text.split(_PEM_END) if block.strip()]
    return [_private_key(block.strip().encode(), f"key {index}") for index, block in enumerate(blocks, 1)]


def _private_key(pem: bytes, called: str) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnusableKeyError(f"{called}: {type(error).__name__}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise UnusableKeyError(f"{called}: not an Ed25519 private key")
    return key


def _jwk(key: Ed25519PrivateKey) -> Mapping[str, str]:
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    named = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(raw)}
    # RFC 7638: the digest of the required members, sorted, without white space.
    canonical = json.dumps(named, sort_keys=True, separators=(",", ":")).encode()
    return {**named, "kid": _base64url(hashlib.sha256(canonical).digest()), "use": "sig", "alg": ALGORITHM}


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
