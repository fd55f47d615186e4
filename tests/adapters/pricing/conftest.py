"""The real Flask app over a real store, and tokens signed as auth signs them."""

import base64
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask.testing import FlaskClient

from contracts.claims import ACCESS_TOKEN_TYPE, ALGORITHM, ISSUER, SERVICE_AUDIENCE
from services.chassis.auth_verify import Verifier
from services.chassis.mongo import Store, migrate
from services.pricing.app import flask_app
from services.pricing.store import MIGRATIONS, connect_network

# Far ahead, so that the store's own clock never removes a block that the test still counts on.
NOW = datetime(2099, 11, 24, 12, tzinfo=UTC)
KEY = Ed25519PrivateKey.generate()
NETWORK = {
    "_id": "aws:us-east-1:111122223333",
    "cloud": "aws",
    "account": "111122223333",
    "region": "us-east-1",
    "vpc_id": "vpc-1",
    "public_subnets": {"us-east-1a": "subnet-a", "us-east-1b": "subnet-b"},
    "private_subnets": {"us-east-1a": "subnet-p"},
    "instance_profile": "flowllama-instance",
    "egress_cidrs": ["203.0.113.7/32"],
}


@pytest.fixture
def client(store: Store) -> FlaskClient:
    migrate(store, "pricing", MIGRATIONS)
    return flask_app(store, _verifier(), lambda: NOW).test_client()


@pytest.fixture
def connected(store: Store, client: FlaskClient) -> Store:
    """us-east-1 is connected."""
    connect_network(store, NETWORK, NOW)
    return store


@pytest.fixture
def as_agent(client: FlaskClient) -> Callable[[str, dict[str, Any]], Any]:
    """POST with the agent's service token."""

    def post(path: str, body: dict[str, Any]) -> Any:
        return client.post(path, json=body, headers={"Authorization": f"Bearer {token(SERVICE_AUDIENCE)}"})

    return post


def token(audience: str) -> str:
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": audience,
        "sub": "service:agent",
        "iat": now,
        "nbf": now,
        "exp": now + 60,
        "jti": uuid4().hex,
    }
    return jwt.encode(claims, KEY, algorithm=ALGORITHM, headers={"kid": "k1", "typ": ACCESS_TOKEN_TYPE})


def _verifier() -> Verifier:
    public = KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    encoded = base64.urlsafe_b64encode(public).rstrip(b"=").decode()
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": encoded, "kid": "k1", "alg": ALGORITHM, "use": "sig"}
    return Verifier(lambda: {"keys": [jwk]}, lambda _: {"cursor": "", "revoked": []})
