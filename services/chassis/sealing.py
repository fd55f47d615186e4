"""Seal a secret that must travel between services: only holders of the sealing keys can open it.

Keys rotate by putting the new one first; the old ones still open what they sealed.
"""

import hashlib
import secrets
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from services.chassis.errors import RejectError


class Sealer:
    def __init__(self, keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def seal(self, secret: str) -> str:
        return self._fernet.encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str:
        """Raises `RejectError` where the text was not sealed with one of our keys."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise RejectError("a sealed value can't be opened with the sealing keys in force") from error


def new_instance_token() -> str:
    """A 256-bit bearer token. Instances get only its verifier."""
    return f"fll_{secrets.token_urlsafe(32)}"


def verifier(token: str) -> str:
    """What an instance keeps: a plain SHA-256 suffices for a random 256-bit token."""
    return hashlib.sha256(token.encode()).hexdigest()
