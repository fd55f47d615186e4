"""Who passes with what token, and what happens while auth is away."""

import time
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from contracts.vocabulary import Tier
from services.chassis import auth_verify
from services.chassis.auth_verify import Verifier
from services.chassis.errors import UnauthenticatedError, UnavailableError
from tests.unit.chassis.tokens import Auth


class Monotonic:
    """The process' clock, turned by the test."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def auth() -> Auth:
    return Auth()


@pytest.fixture
def verifier(auth: Auth) -> Verifier:
    return auth.verifier()


@pytest.fixture
def monotonic(monkeypatch: pytest.MonkeyPatch) -> Monotonic:
    clock = Monotonic()
    monkeypatch.setattr(auth_verify.time, "monotonic", clock)
    return clock


def test_a_good_token_says_who_calls(auth: Auth, verifier: Verifier) -> None:
    principal = verifier.user(auth.token())

    assert principal.subject == "usr_a"
    assert principal.session_id == "ses_1"
    assert principal.tier is Tier.PAID
    assert principal.scope == {"deployments:read", "deployments:write"}


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "flowllama-internal"},
        {"aud": "somebody-else"},
        {"iss": "https://evil.example"},
        {"exp": 1_000_000_000},
        {"nbf": 4_000_000_000},
        {"typ": "JWT"},
        {"typ": "rt+jwt"},
        {"tier": "emperor"},
        {"without": "sub"},
        {"without": "exp"},
        {"without": "jti"},
        pytest.param({"key": Ed25519PrivateKey.generate()}, id="another key"),
        {"headers": {"crit": ["made-up"]}},
    ],
    ids=str,
)
def test_one_wrong_thing_is_enough(auth: Auth, verifier: Verifier, change: dict[str, Any]) -> None:
    with pytest.raises(UnauthenticatedError):
        verifier.user(auth.token(**change))


@pytest.mark.parametrize(
    "token", ["", "a", "a.b", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "\ud800", "x" * 10_000]
)
def test_text_that_is_no_token(verifier: Verifier, token: str) -> None:
    with pytest.raises(UnauthenticatedError):
        verifier.user(token)


def test_no_other_algorithm_passes(auth: Auth, verifier: Verifier) -> None:
    public = auth.keys["k1"].public_key()
    raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    tokens = [
        auth.token(key="", algorithm="none"),
        auth.token(key=raw, algorithm="HS256"),
        auth.token(key=generate_private_key(65537, 2048), algorithm="RS256"),
    ]

    for token in tokens:
        with pytest.raises(UnauthenticatedError):
            verifier.user(token)


def test_service_tokens_and_user_tokens_never_stand_in_for_each_other(auth: Auth, verifier: Verifier) -> None:
    service = auth.token(aud="flowllama-internal", sub="service:agent", without="sid")

    assert verifier.service(service).is_service
    with pytest.raises(UnauthenticatedError):
        verifier.service(auth.token())
    with pytest.raises(UnauthenticatedError):
        verifier.user(service)


def test_a_revoked_session_is_refused_until_its_tokens_have_expired(auth: Auth, verifier: Verifier) -> None:
    auth.revoked = [{"sid": "ses_1", "until": time.time() + 600}, {"sid": "ses_0", "until": time.time() - 1}]
    auth.cursor = "c1"
    verifier.poll_revocations()
    auth.revoked = []
    verifier.poll_revocations()

    with pytest.raises(UnauthenticatedError):
        verifier.user(auth.token())
    assert verifier.user(auth.token(sid="ses_2"))
    assert auth.cursors_seen == ["", "c1"]


def test_a_feed_answer_that_makes_no_sense_is_asked_for_again(auth: Auth, verifier: Verifier) -> None:
    auth.cursor = "c1"
    auth.revoked = [{"sid": "ses_1"}]

    with pytest.raises(KeyError):
        verifier.poll_revocations()
    auth.revoked = [{"sid": "ses_1", "until": time.time() + 600}]
    verifier.poll_revocations()

    assert auth.cursors_seen == ["", ""]
    with pytest.raises(UnauthenticatedError):
        verifier.user(auth.token())


def test_a_new_key_is_fetched_when_it_is_first_seen(
    auth: Auth, verifier: Verifier, monotonic: Monotonic
) -> None:
    verifier.user(auth.token())
    auth.keys["k2"] = Ed25519PrivateKey.generate()
    monotonic.now += 11

    assert verifier.user(auth.token(kid="k2"))
    assert auth.key_requests == 2


def test_made_up_key_ids_ask_auth_once_in_a_while(
    auth: Auth, verifier: Verifier, monotonic: Monotonic
) -> None:
    for number in range(20):
        with pytest.raises(UnauthenticatedError):
            verifier.user(auth.token(key=auth.keys["k1"], kid=f"made-up-{number}"))

    assert auth.key_requests == 1


def test_while_auth_is_away_known_keys_work_and_others_are_no_verdict(
    auth: Auth, verifier: Verifier, monotonic: Monotonic
) -> None:
    verifier.user(auth.token())
    auth.away = True
    monotonic.now += 11

    assert verifier.user(auth.token())
    for _ in range(20):
        with pytest.raises(UnavailableError):
            verifier.user(auth.token(key=auth.keys["k1"], kid="k2"))
    assert auth.key_requests == 2


def test_before_auth_has_ever_answered_nothing_is_decided(
    auth: Auth, verifier: Verifier, monotonic: Monotonic
) -> None:
    auth.away = True
    with pytest.raises(UnavailableError):
        verifier.user(auth.token())
    with pytest.raises(UnavailableError):
        verifier.user(auth.token())

    auth.away = False
    monotonic.now += 1.1

    assert verifier.user(auth.token())
    assert auth.key_requests == 2


def test_a_key_that_auth_withdrew_is_dropped(auth: Auth, verifier: Verifier, monotonic: Monotonic) -> None:
    token = auth.token()
    verifier.user(token)
    auth.keys = {"k2": Ed25519PrivateKey.generate()}
    monotonic.now += 301

    _follow_once(verifier)

    with pytest.raises(UnauthenticatedError):
        verifier.user(token)


def test_following_survives_every_kind_of_bad_answer(auth: Auth, verifier: Verifier) -> None:
    auth.revoked = [{"sid": "ses_1"}]

    _follow_once(verifier)

    assert auth.cursors_seen == [""]


class _Once:
    """A stop signal that is set after one round."""

    def __init__(self) -> None:
        self.stopped = False

    def is_set(self) -> bool:
        return self.stopped

    def wait(self, timeout: float) -> bool:
        self.stopped = True
        return True


def _follow_once(verifier: Verifier) -> None:
    verifier.run(_Once())  # type: ignore[arg-type]  # It needs these two methods only.
