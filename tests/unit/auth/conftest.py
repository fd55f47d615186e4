"""Auth over the real app and a real store, with a clock that tests turn and cheap hashing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from services.auth.app import assemble, flask_app
from services.auth.keys import KeyRing
from services.auth.ports import Ports
from services.auth.store import MIGRATIONS
from services.auth.tokens import digest
from services.chassis.auth_verify import Verifier
from services.chassis.clock import utc_now
from services.chassis.mongo import Document, Store, migrate
from services.chassis.sealing import Sealer

EMAIL = "ada@example.org"
PASSWORD = "correct horse battery"
CLIENT_SECRET = "s" * 43


class CountingHasher(PasswordHasher):
    """The real algorithm at its lowest cost; counts the work that was done."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.hashes = self.comparisons = 0

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        self.hashes += 1
        return super().hash(password, salt=salt)

    def verify(self, *arguments: Any) -> bool:
        self.comparisons += 1
        return super().verify(*arguments)


@dataclass
class FakeClock:
    now: datetime = field(default_factory=utc_now)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Auth:
    """The service as its callers see it, and the parts that tests look into."""

    ports: Ports
    client: FlaskClient
    clock: FakeClock
    hasher: CountingHasher
    keys: KeyRing

    def post(
        self, path: str, body: Any = None, *, token: str | None = None, address: str = "203.0.113.7"
    ) -> TestResponse:
        return self.client.post(path, json=body, headers=_headers(token, address))

    def get(self, path: str, *, token: str | None = None) -> TestResponse:
        return self.client.get(path, headers=_headers(token, "203.0.113.7"))

    def register(self, email: str = EMAIL, password: str = PASSWORD) -> TestResponse:
        return self.post("/api/auth/register", {"email": email, "password": password})

    def login(
        self, email: str = EMAIL, password: str = PASSWORD, *, address: str = "203.0.113.7"
    ) -> TestResponse:
        return self.post("/api/auth/login", {"email": email, "password": password}, address=address)

    def refresh(self, token: str) -> TestResponse:
        return self.post("/api/auth/refresh", {"refresh_token": token})

    def tokens(self, email: str = EMAIL) -> Mapping[str, Any]:
        """Register and sign in."""
        self.register(email)
        answer = self.login(email)
        assert answer.status_code == 200, answer.text
        body: Mapping[str, Any] = answer.json or {}
        return body

    def audited(self) -> list[str]:
        return [record["event"] for record in self.audit_records()]

    def audit_records(self) -> list[Document]:
        return list(self.ports.store["audit"].find().sort([("at", 1), ("_id", 1)]))

    def verifier(self) -> Verifier:
        """Another service's verifier, over what auth really serves."""
        return Verifier(
            fetch_keys=lambda: self.get("/.well-known/jwks.json").json or {},
            fetch_revoked=lambda since: self.get(f"/internal/revocations?since={since}").json or {},
        )


@pytest.fixture
def make_auth(store: Store) -> Callable[..., Auth]:
    """A fresh process over the same store, as after a restart."""
    migrate(store, "auth", MIGRATIONS)
    keys = KeyRing.of([Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()])
    sealer = Sealer([Fernet.generate_key().decode()])

    def make(clock: FakeClock | None = None, **options: Any) -> Auth:
        used, hasher = clock or FakeClock(), CountingHasher()
        ports = assemble(store, keys=keys, sealer=sealer, hasher=hasher, clock=used, **options)
        app = flask_app(ports, {"pricing": digest(CLIENT_SECRET)})
        hasher.hashes = 0
        return Auth(ports, app.test_client(), used, hasher, keys)

    return make


@pytest.fixture
def auth(make_auth: Callable[..., Auth]) -> Auth:
    return make_auth()


def _headers(token: str | None, address: str) -> dict[str, str]:
    headers = {"X-Forwarded-For": address, "User-Agent": "tests"}
    return headers | ({"Authorization": f"Bearer {token}"} if token else {})
