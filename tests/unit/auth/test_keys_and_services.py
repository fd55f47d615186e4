import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from environs import Env

from services.auth import settings
from services.auth.__main__ import main
from services.auth.keys import KeyRing, read_private_keys
from services.auth.tokens import Minter, digest
from services.chassis.auth_verify import Verifier
from services.chassis.clock import utc_now
from services.chassis.config import read
from services.chassis.errors import UnauthenticatedError
from services.chassis.mongo import Store
from tests.unit.auth.conftest import CLIENT_SECRET, EMAIL, Auth


def test_all_keys_are_published_and_tokens_of_each_pass(auth: Auth) -> None:
    answer = auth.get("/.well-known/jwks.json")

    keys = (answer.json or {})["keys"]
    assert [key["kid"] for key in keys] == [key["kid"] for key in auth.keys.public]
    assert all(set(key) == {"kty", "crv", "x", "kid", "use", "alg"} for key in keys)
    assert answer.headers["Cache-Control"] == "public, max-age=60"


def test_tokens_of_the_former_key_pass_while_it_is_published() -> None:
    former, new = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    token = Minter(KeyRing.of([former]), utc_now).for_service("agent")
    rotated = KeyRing.of([new, former])

    verifier = Verifier(rotated.jwks, lambda _: {"revoked": [], "cursor": ""})
    assert verifier.service(token).subject == "service:agent"
    gone = Verifier(KeyRing.of([new]).jwks, lambda _: {"revoked": [], "cursor": ""})
    with pytest.raises(UnauthenticatedError):
        gone.service(token)


def test_the_key_id_is_the_thumbprint_of_rfc_8037() -> None:
    # The key pair and thumbprint of RFC 8037, appendix A.
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")

    ring = KeyRing.of([Ed25519PrivateKey.from_private_bytes(seed)])

    assert ring.public[0]["x"] == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    assert ring.signing_id == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_a_service_gets_a_token_for_its_secret(auth: Auth) -> None:
    answer = auth.post("/internal/token", {"client_id": "pricing", "client_secret": CLIENT_SECRET})

    principal = auth.verifier().service((answer.json or {})["access_token"])
    assert principal.subject == "service:pricing"
    assert principal.is_service
    assert (answer.json or {})["expires_in"] == 600


@pytest.mark.parametrize(
    ("client", "secret"),
    [("pricing", "wrong"), ("nobody", CLIENT_SECRET), ("pricing", digest(CLIENT_SECRET))],
)
def test_a_wrong_client_or_secret_gets_one_refusal(auth: Auth, client: str, secret: str) -> None:
    answer = auth.post("/internal/token", {"client_id": client, "client_secret": secret})

    assert answer.status_code == 401
    assert (answer.json or {})["title"] == "The client id or its secret is wrong"
    assert secret not in str(auth.audit_records())


def test_an_operator_moves_an_account_to_the_paid_tier(
    auth: Auth, store: Store, store_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth.register()
    monkeypatch.setenv("MONGODB_URI", store_uri)
    monkeypatch.setenv("MONGODB_DATABASE", store.name)

    done = CliRunner().invoke(main, ["set-tier", "ADA@example.org", "paid"])
    unknown = CliRunner().invoke(main, ["set-tier", "nobody@example.org", "paid"])

    assert done.exit_code == 0
    assert done.output.endswith(f"{EMAIL} is paid now\n")
    assert unknown.exit_code == 1
    assert (store["users"].find_one({"email": EMAIL}) or {})["tier"] == "paid"
    record = auth.audit_records()[-1]
    assert record["event"] == "privilege_permissions_changed"
    assert record["detail"] == {"before": "free", "after": "paid"}


def test_settings_name_every_problem_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rsa = tmp_path / "rsa.pem"
    rsa.write_bytes(
        generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    monkeypatch.setenv("AUTH_SIGNING_KEYS", str(rsa))
    monkeypatch.setenv("SERVICE_CLIENTS", '{"agent": "secret in the clear"}')
    monkeypatch.delenv("FLOWLLAMA_SEALING_KEYS", raising=False)

    with pytest.raises(SystemExit):
        read(settings.build)

    told = capsys.readouterr().err
    assert all(name in told for name in ("AUTH_SIGNING_KEYS", "SERVICE_CLIENTS", "FLOWLLAMA_SEALING_KEYS"))
    assert "secret in the clear" not in told


def test_good_settings_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "key.pem"
    key = Ed25519PrivateKey.generate()
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    monkeypatch.setenv("AUTH_SIGNING_KEYS", f"{file},{file}")
    monkeypatch.setenv("SERVICE_CLIENTS", json.dumps({"agent": digest("secret")}))
    monkeypatch.setenv("FLOWLLAMA_SEALING_KEYS", Fernet.generate_key().decode())

    found = settings.build(Env())

    assert found.signing_keys == (file, file)
    assert found.service_clients == {"agent": digest("secret")}
    assert found.unthrottled_networks == ()
    assert found.common.port == 8081


def test_signing_keys_may_come_as_text_where_secrets_are_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTH_SIGNING_KEYS_PEM", pem() + "\n" + pem())
    monkeypatch.setenv("FLOWLLAMA_SEALING_KEYS", Fernet.generate_key().decode())

    found = settings.build(Env())

    assert found.signing_keys == ()
    assert len(read_private_keys(found.signing_pem)) == 2
    assert found.signing_pem not in repr(found)


def test_a_text_that_is_no_key_is_refused_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AUTH_SIGNING_KEYS_PEM", pem().replace("M", "hush", 1))
    monkeypatch.setenv("FLOWLLAMA_SEALING_KEYS", Fernet.generate_key().decode())

    with pytest.raises(SystemExit):
        read(settings.build)
    told = capsys.readouterr().err
    assert "AUTH_SIGNING_KEYS_PEM" in told
    assert "hush" not in told
    assert "'AUTH_SIGNING_KEYS'" not in told


def pem() -> str:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
