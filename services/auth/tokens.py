"""Mint tokens: signed access tokens that expire soon, and opaque refresh tokens of which only a hash is kept."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import jwt

from contracts.claims import (
    ACCESS_TOKEN_TTL_S,
    ACCESS_TOKEN_TYPE,
    ALGORITHM,
    ISSUER,
    SERVICE_AUDIENCE,
    USER_AUDIENCE,
)
from contracts.vocabulary import Tier
from services.auth.keys import KeyRing
from services.chassis.clock import Clock
from services.chassis.ids import new_id

USER_SCOPE = "account deployments"
SERVICE_SCOPE = "internal"
TOKEN_TYPE = "Bearer"  # noqa: S105 - the scheme's name.
_REFRESH_PREFIX = "flr_"  # Lets secret scanners recognise a leaked one.


@dataclass(frozen=True)
class Minter:
    keys: KeyRing
    clock: Clock

    def for_user(self, *, user_id: str, session_id: str, tier: Tier) -> str:
        return self._sign(
            {
                "aud": USER_AUDIENCE,
                "sub": user_id,
                "sid": session_id,
                "tier": tier.value,
                "scope": USER_SCOPE,
            }
        )

    def for_service(self, client_id: str) -> str:
        return self._sign({"aud": SERVICE_AUDIENCE, "sub": f"service:{client_id}", "scope": SERVICE_SCOPE})

    def _sign(self, claims: Mapping[str, Any]) -> str:
        now = self.clock()
        standing = {
            "iss": ISSUER,
            "iat": now,
            "nbf": now,
            "exp": now + timedelta(seconds=ACCESS_TOKEN_TTL_S),
            "jti": new_id("tok"),
        }
        return jwt.encode(
            {**standing, **claims},
            self.keys.signing,
            algorithm=ALGORITHM,
            headers={"typ": ACCESS_TOKEN_TYPE, "kid": self.keys.signing_id},
        )


def new_refresh_token() -> str:
    """256 random bits, URL-safe."""
    return f"{_REFRESH_PREFIX}{secrets.token_urlsafe(32)}"


def digest(token: str) -> str:
    """What the store keeps of a token: a plain SHA-256 suffices for 256 random bits."""
    return hashlib.sha256(token.encode()).hexdigest()
