"""Tokens that must not pass, each built from one that does (F31 of the fault list)."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.auth.keys import KeyRing
from tests.unit.auth.conftest import CLIENT_SECRET, Auth

Forge = Callable[[Auth, str], str]


def _resigned(header: Mapping[str, Any] | None = None, **claims: Any) -> Forge:
    """Signed with auth's own key: only the named part is wrong."""

    def forge(auth: Auth, token: str) -> str:
        head = {"typ": "at+jwt", "kid": auth.keys.signing_id, **(header or {})}
        body = {**_claims(token), **claims}
        return jwt.encode(
            {name: value for name, value in body.items() if value is not None},
            auth.keys.signing,
            algorithm="EdDSA",
            headers={name: value for name, value in head.items() if value is not None},
        )

    return forge


def _unsigned(algorithm: str) -> Forge:
    def forge(auth: Auth, token: str) -> str:
        header = {"alg": algorithm, "typ": "at+jwt", "kid": auth.keys.signing_id}
        return f"{_encoded(header)}.{token.split('.')[1]}."

    return forge


def _hmac_of_public_key(form: str) -> Forge:
    def forge(auth: Auth, token: str) -> str:
        public = auth.keys.signing.public_key()
        secret = {
            "raw": public.public_bytes(Encoding.Raw, PublicFormat.Raw),
            "pem": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            "jwk": json.dumps(auth.keys.public[0]).encode(),
        }[form]
        header = {"alg": "HS256", "typ": "at+jwt", "kid": auth.keys.signing_id}
        signed = f"{_encoded(header)}.{token.split('.')[1]}"
        signature = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
        return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"

    return forge


def _own_key(where: str) -> Forge:
    """Signed with a key of the attacker's, which the header brings along or points to."""

    def forge(auth: Auth, token: str) -> str:
        key = Ed25519PrivateKey.generate()
        theirs = KeyRing.of([key]).public[0]
        header: dict[str, Any] = {"typ": "at+jwt", "kid": auth.keys.signing_id}
        header |= {
            "known kid": {},
            "jwk": {"jwk": dict(theirs), "kid": theirs["kid"]},
            "jku": {"jku": "https://attacker.example/jwks.json", "kid": theirs["kid"]},
            "x5u": {"x5u": "https://attacker.example/c.pem", "kid": theirs["kid"]},
        }[where]
        return jwt.encode(_claims(token), key, algorithm="EdDSA", headers=header)

    return forge


def _other_claims(auth: Auth, token: str) -> str:
    head, _, signature = token.split(".")
    return f"{head}.{_encoded({**_claims(token), 'tier': 'paid'})}.{signature}"


FORGERIES: Mapping[str, Forge] = {
    "alg none": _unsigned("none"),
    "alg None": _unsigned("None"),
    "alg nOnE": _unsigned("nOnE"),
    "no alg": _unsigned(""),
    "HS256 over the raw public key": _hmac_of_public_key("raw"),
    "HS256 over the PEM of the public key": _hmac_of_public_key("pem"),
    "HS256 over the JWK": _hmac_of_public_key("jwk"),
    "another key under our kid": _own_key("known kid"),
    "a key in the header": _own_key("jwk"),
    "a key at an address": _own_key("jku"),
    "a certificate at an address": _own_key("x5u"),
    "kid that walks a path": _resigned({"kid": "../../../dev/null"}),
    "kid that queries": _resigned({"kid": "x' UNION SELECT 'key"}),
    "no kid": _resigned({"kid": None}),
    "unknown critical header": _resigned({"crit": ["b64"], "b64": False}),
    "typ JWT": _resigned({"typ": "JWT"}),
    "typ of a refresh token": _resigned({"typ": "rt+jwt"}),
    "wrong issuer": _resigned(iss="somebody"),
    "wrong audience": _resigned(aud="flowllama-internal"),
    "audience of another API": _resigned(aud="https://example.org"),
    "no audience": _resigned(aud=None),
    "no expiry": _resigned(exp=None),
    "no subject": _resigned(sub=None),
    "expired": _resigned(exp=1_700_000_000),
    "not yet valid": _resigned(nbf=4_000_000_000),
    "unknown tier": _resigned(tier="root"),
    "no session": _resigned(sid=None),
    "session of nobody": _resigned(sid="ses_none"),
    "other claims": _other_claims,
    "signature stripped": lambda _, token: token.rpartition(".")[0] + ".",
    "no signature part": lambda _, token: token.rpartition(".")[0],
    "signature altered": lambda _, token: token[:-10] + ("A" if token[-10] != "A" else "B") + token[-9:],
    "text": lambda _, __: "abc",
    "nothing": lambda _, __: "",
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_forged_token_gets_the_one_refusal(auth: Auth, forge: Forge) -> None:
    token = auth.tokens()["access_token"]
    plain = auth.get("/api/auth/me")

    answer = auth.get("/api/auth/me", token=forge(auth, token))

    assert answer.status_code == plain.status_code == 401
    assert _constant(answer.json) == _constant(plain.json)


def test_the_unaltered_token_passes(auth: Auth) -> None:
    """Without this, the refusals above would prove nothing."""
    token = auth.tokens()["access_token"]

    assert auth.get("/api/auth/me", token=token).status_code == 200
    assert auth.get("/api/auth/me", token=_resigned()(auth, token)).status_code == 200


def test_a_refresh_token_is_no_access_token(auth: Auth) -> None:
    assert auth.get("/api/auth/me", token=auth.tokens()["refresh_token"]).status_code == 401


def test_a_service_token_is_no_users_token_nor_the_reverse(auth: Auth) -> None:
    users = auth.tokens()["access_token"]
    body = {"client_id": "pricing", "client_secret": CLIENT_SECRET}
    services = (auth.post("/internal/token", body).json or {})["access_token"]

    assert auth.get("/api/auth/me", token=services).status_code == 401
    with pytest.raises(Exception, match="access token"):
        auth.verifier().service(users)


def _claims(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def _encoded(part: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def _constant(body: Any) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "correlation_id"}
