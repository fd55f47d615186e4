"""Which passwords are taken, and how they are hashed and compared.

The rules are those of OWASP ASVS 5.0, 6.2: length counts, composition does not, and what everybody tries first is
refused. Hashes are argon2id at argon2-cffi's defaults, RFC 9106's second choice (64 MiB, 3 passes, 4 lanes).
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from services.chassis.errors import InvalidError, UnavailableError

_QUEUE_LIMIT_S = 5.0
_OWN_WORDS = frozenset({"flowllama", "flowllama1", "flowllama123", "ollama123", "ollamaollama"})


class Passwords:
    """Hashing behind a semaphore: each hash takes 64 MiB, so that many sign-ins at once must not exhaust memory."""

    def __init__(self, hasher: PasswordHasher, *, concurrency: int) -> None:
        self._hasher = hasher
        self._slots = BoundedSemaphore(concurrency)
        # Compared where there is no such user, so that the answer takes as long as for one that exists.
        self._nobody = hasher.hash(secrets.token_urlsafe(32))

    def hash(self, password: str) -> str:
        """Raises `UnavailableError` where no slot comes free in time."""
        with self._slot():
            return self._hasher.hash(password)

    def matches(self, kept: str | None, password: str) -> bool:
        """Whether the password is the kept hash's; without one (no such user) always False, after the same work."""
        with self._slot():
            try:
                self._hasher.verify(kept or self._nobody, password)
            except (VerificationError, InvalidHashError):
                return False
        return kept is not None

    def is_outdated(self, kept: str) -> bool:
        """Hashed with other parameters than those in force now."""
        return self._hasher.check_needs_rehash(kept)

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._slots.acquire(timeout=_QUEUE_LIMIT_S):
            raise UnavailableError
        try:
            yield
        finally:
            self._slots.release()


def require_acceptable(password: str, email: str) -> None:
    """Raises `InvalidError` for what an attacker would try first; the length is the schema's business."""
    lowered = password.strip().lower()
    guessable = {email, email.partition("@")[0]} | _OWN_WORDS | commonest()
    if lowered in guessable or len(set(lowered)) == 1:
        problem = {"field": "password", "message": "Too easy to guess. Choose a longer or less common one."}
        raise InvalidError(f"password: {problem['message']}", errors=[problem])


@cache
def commonest() -> frozenset[str]:
    """The 3,000 commonest of at least eight characters; the file names its source."""
    text = files(__package__).joinpath("data", "common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("# "))
