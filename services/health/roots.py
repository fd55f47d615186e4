"""What the certificates of balancers are verified by: the public roots, or those of one file and no others."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from services.health.pinned_http import trusting


@dataclass(frozen=True)
class Roots:
    """`ca_pem` is what a caller needs to verify a balancer as we do; None where its own public roots do."""

    context: ssl.SSLContext
    ca_pem: str | None = None


def read_roots(path: Path | None) -> Roots:
    """Raises OSError for a file that can't be read, and `UnusableAnswerError` for one without certificates."""
    if path is None:
        return Roots(ssl.create_default_context())
    ca_pem = path.read_text()
    return Roots(trusting(ca_pem), ca_pem)
