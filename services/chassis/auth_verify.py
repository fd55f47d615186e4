"""Verify access tokens with auth's public keys; hold no secret.

The algorithm is pinned, keys come only from our own JWKS address, and a revoked session is refused within one
poll of the revocation feed (5 s). While auth is away, known keys go on working and tokens still expire.
"""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import jwt
import requests
from jwt import PyJWK, PyJWKSet

from contracts.claims import (
    ACCESS_TOKEN_TYPE,
    ALGORITHM,
    CLOCK_LEEWAY_S,
    ISSUER,
    REVOCATION_POLL_S,
    SERVICE_AUDIENCE,
    USER_AUDIENCE,
    Principal,
)
from contracts.vocabulary import Tier
from services.chassis.config import CommonSettings
from services.chassis.errors import UnauthenticatedError, UnavailableError
from services.chassis.logs import get_logger

log = get_logger(__name__)

Fetch = Callable[[], Mapping[str, Any]]
FetchSince = Callable[[str], Mapping[str, Any]]

KEY_REFRESH_S = 10.0  # An unknown key id asks auth at most this often.
KEY_RETRY_S = 1.0  # The same after a failed attempt, so that made-up key ids can't keep every thread waiting.
KEY_MAX_AGE_S = 300.0  # A key that auth took out of use is dropped within this time.
_REQUIRED = ["iss", "aud", "sub", "exp", "nbf", "iat", "jti"]


class Verifier:
    def __init__(self, fetch_keys: Fetch, fetch_revoked: FetchSince) -> None:
        self._fetch_keys = fetch_keys
        self._fetch_revoked = fetch_revoked
        self._keys: dict[str, PyJWK] = {}
        self._ask_again_at = 0.0
        self._auth_answered = False
        self._revoked: dict[str, float] = {}
        self._cursor = ""
        self._lock = threading.Lock()

    def user(self, token: str) -> Principal:
        """Raises `UnauthenticatedError`, always with the same words."""
        return self._verify(token, USER_AUDIENCE)

    def service(self, token: str) -> Principal:
        """The caller's service token. Raises `UnauthenticatedError`; a user's token never passes."""
        return self._verify(token, SERVICE_AUDIENCE)

    def run(self, stopping: threading.Event) -> None:
        """Follow the revocation feed until told to stop."""
        while not stopping.is_set():
            try:
                self.poll_revocations()
            except (requests.RequestException, ValueError, KeyError, TypeError) as error:
                log.warning("revocation_feed_unreachable", error=type(error).__name__)
            with suppress(UnavailableError):
                self._refresh_keys(when_older_than_s=KEY_MAX_AGE_S - KEY_REFRESH_S)
            stopping.wait(REVOCATION_POLL_S)

    def poll_revocations(self) -> None:
        """One look at the feed; sessions are forgotten once every token of theirs has expired."""
        answer = self._fetch_revoked(self._cursor)
        added = {str(entry["sid"]): float(entry["until"]) for entry in answer["revoked"]}
        # The cursor moves only past what was understood.
        cursor, now = str(answer["cursor"]), time.time()
        self._revoked = {sid: until for sid, until in (self._revoked | added).items() if until > now}
        self._cursor = cursor

    def _verify(self, token: str, audience: str) -> Principal:
        try:
            header = jwt.get_unverified_header(token)
            if header.get("typ") != ACCESS_TOKEN_TYPE or header.get("alg") != ALGORITHM:
                raise UnauthenticatedError
            claims = jwt.decode(
                token,
                self._key(header.get("kid")),
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                audience=audience,
                leeway=CLOCK_LEEWAY_S,
                options={"require": _REQUIRED},
            )
            principal = _principal(claims)
        except (jwt.PyJWTError, ValueError, KeyError, TypeError) as error:
            raise UnauthenticatedError from error
        if principal.session_id in self._revoked:
            raise UnauthenticatedError
        return principal

    def _key(self, key_id: object) -> PyJWK:
        if not isinstance(key_id, str):
            raise UnauthenticatedError
        if key_id not in self._keys:
            self._refresh_keys()
        if key_id not in self._keys:
            if not self._auth_answered:  # It may be a new key of auth's: this is no verdict on the token.
                raise UnavailableError
            raise UnauthenticatedError
        return self._keys[key_id]

    def _refresh_keys(self, *, when_older_than_s: float = 0.0) -> None:
        """Ask auth, unless somebody did a moment ago. Raises `UnavailableError`; the known keys then stay."""
        with self._lock:
            if time.monotonic() < self._ask_again_at + when_older_than_s:
                return
            try:
                found = PyJWKSet.from_dict(dict(self._fetch_keys()))
            except (requests.RequestException, ValueError, TypeError, jwt.PyJWTError) as error:
                log.warning("jwks_unreachable", error=type(error).__name__)
                self._auth_answered, self._ask_again_at = False, time.monotonic() + KEY_RETRY_S
                raise UnavailableError from error
            self._keys = {key.key_id: key for key in found.keys if key.key_id}
            self._auth_answered, self._ask_again_at = True, time.monotonic() + KEY_REFRESH_S


def over_http(settings: CommonSettings) -> Verifier:
    """A verifier that asks auth where the settings say."""
    session = requests.Session()

    def fetch(url: str, **parameters: str) -> Mapping[str, Any]:
        answer = session.get(url, params=parameters, timeout=2, allow_redirects=False)
        answer.raise_for_status()
        body: Mapping[str, Any] = answer.json()
        return body

    return Verifier(
        fetch_keys=lambda: fetch(settings.jwks_url),
        fetch_revoked=lambda since: fetch(settings.revocations_url, since=since),
    )


def _principal(claims: Mapping[str, Any]) -> Principal:
    session_id = claims.get("sid")
    return Principal(
        subject=str(claims["sub"]),
        session_id=str(session_id) if session_id else None,
        tier=Tier(claims.get("tier", Tier.FREE)),
        scope=frozenset(str(claims.get("scope", "")).split()),
    )
