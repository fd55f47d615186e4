"""Keys, roots and client secrets of one local platform, made once and kept in files that only their owner reads."""

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

SERVICES_WITH_A_SECRET = ("deployments", "agent")  # Those that call another service.


@dataclass(frozen=True)
class Keys:
    """`client_secrets` maps a service to what it shows auth to get its service token.

    `root_file` holds key and certificate of the root that local balancers are verified by, `roots_file` what callers
    need of it.
    """

    signing_key_file: Path
    root_file: Path
    roots_file: Path
    sealing_key: str
    client_secrets: dict[str, str]


def ensure_keys(folder: Path) -> Keys:
    """Make what is missing, leave what is there: tokens stay valid over a second `make up`."""
    signing = folder / "auth-signing-key.pem"
    _once(signing, _new_signing_key)
    root, roots = folder / "balancer-root.pem", folder / "balancer-roots.pem"
    certificate = _certificate_of(_once(root, _new_root))
    _once(roots, lambda: certificate)
    return Keys(
        signing_key_file=signing,
        root_file=root,
        roots_file=roots,
        sealing_key=_once(folder / "sealing-key", lambda: Fernet.generate_key().decode()),
        client_secrets={
            name: _once(folder / f"client-{name}", lambda: secrets.token_urlsafe(32))
            for name in SERVICES_WITH_A_SECRET
        },
    )


def _new_signing_key() -> str:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _new_root() -> str:
    root = trustme.CA()
    return (root.private_key_pem.bytes() + root.cert_pem.bytes()).decode()


def _certificate_of(pem: str) -> str:
    return pem[pem.index("-----BEGIN CERTIFICATE-----") :]


def _once(path: Path, make: Callable[[], str]) -> str:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text()
    text = make()
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    return text
