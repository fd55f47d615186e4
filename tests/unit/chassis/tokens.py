"""Tokens as auth would sign them, and an auth that a test can rotate or take away."""

import time
from collections.abc import Mapping
from typing import Any

import jwt
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from services.chassis.auth_verify import Verifier


class Auth:
    def __init__(self) -> None:
        self.keys = {"k1": Ed25519PrivateKey.generate()}
        self.revoked: list[Mapping[str, Any]] = []
        self.cursor = "c0"
        self.away = False
        self.key_requests = 0
        self.cursors_seen: list[str] = []

    def verifier(self) -> Verifier:
        return Verifier(self.fetch_keys, self.fetch_revoked)

    def fetch_keys(self) -> Mapping[str, Any]:
        self.key_requests += 1
        if self.away:
            raise requests.ConnectionError("no answer")
        return {
            "keys": [
                {
                    **OKPAlgorithm.to_jwk(key.public_key(), as_dict=True),
                    "kid": kid,
                    "alg": "EdDSA",
                    "use": "sig",
                }
                for kid, key in self.keys.items()
            ]
        }

    def fetch_revoked(self, since: str) -> Mapping[str, Any]:
        self.cursors_seen.append(since)
        return {"cursor": self.cursor, "revoked": self.revoked}

    def token(
        self,
        *,
        kid: str = "k1",
        key: Any = None,
        algorithm: str = "EdDSA",
        typ: str = "at+jwt",
        headers: Mapping[str, Any] | None = None,
        without: str | None = None,
        **claims: Any,
    ) -> str:
        now = int(time.time())
        body = {
            "iss": "flowllama",
            "aud": "flowllama-api",
            "sub": "usr_a",
            "sid": "ses_1",
            "tier": "paid",
            "scope": "deployments:read deployments:write",
            "iat": now,
            "nbf": now,
            "exp": now + 600,
            "jti": "jti_1",
            **claims,
        }
        body = {name: value for name, value in body.items() if name != without}
        signing = key if key is not None else self.keys[kid]
        return jwt.encode(
            body, signing, algorithm=algorithm, headers={"kid": kid, "typ": typ, **(headers or {})}
        )

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token()}"}
