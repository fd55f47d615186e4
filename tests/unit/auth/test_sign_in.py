import pytest
from argon2 import PasswordHasher
from argon2.low_level import Type

from services.auth.passwords import Passwords, commonest
from services.chassis.errors import UnavailableError
from tests.unit.auth.conftest import PASSWORD, Auth


def test_tokens_of_a_sign_in_pass_another_services_verifier(auth: Auth) -> None:
    tokens = auth.tokens()

    principal = auth.verifier().user(tokens["access_token"])

    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 600
    assert principal.subject.startswith("usr_")
    assert (principal.session_id or "").startswith("ses_")
    assert principal.tier == "free"


def test_me_shows_the_account_and_no_more(auth: Auth) -> None:
    tokens = auth.tokens()

    answer = auth.get("/api/auth/me", token=tokens["access_token"])

    assert answer.status_code == 200
    assert set(answer.json or {}) == {"id", "email", "name", "tier", "created_at"}


def test_unknown_address_and_wrong_password_are_told_apart_by_nothing(auth: Auth) -> None:
    auth.register()

    work = auth.hasher.comparisons
    wrong = auth.login(password="not the password")
    wrong_work, work = auth.hasher.comparisons - work, auth.hasher.comparisons
    unknown = auth.login("nobody@example.org")
    unknown_work = auth.hasher.comparisons - work

    assert wrong.status_code == unknown.status_code == 401
    assert _without_id(wrong.json) == _without_id(unknown.json)
    assert _names(wrong) == _names(unknown)
    assert wrong_work == unknown_work == 1
    assert auth.audited()[1:] == ["authn_login_fail"] * 2


def test_a_hash_of_other_parameters_is_renewed_at_the_next_sign_in(auth: Auth) -> None:
    auth.register()
    users = auth.ports.store["users"]
    old = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1).hash(PASSWORD)
    users.update_one({}, {"$set": {"password_hash": old}})

    assert auth.login().status_code == 200

    assert "m=8,t=1" in (users.find_one({}) or {})["password_hash"]
    assert auth.login().status_code == 200


def test_the_real_cost_is_the_libraries_default_argon2id() -> None:
    hasher = PasswordHasher()
    passwords = Passwords(hasher, concurrency=1)

    kept = passwords.hash(PASSWORD)

    assert (hasher.type, hasher.memory_cost, hasher.time_cost) == (Type.ID, 65_536, 3)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert passwords.matches(kept, PASSWORD)
    assert not passwords.matches(kept, PASSWORD + " ")
    assert not passwords.matches(None, PASSWORD)


def test_a_full_house_is_told_to_come_back(auth: Auth, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.auth.passwords._QUEUE_LIMIT_S", 0.01)
    with auth.ports.passwords._slot(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(auth.ports.passwords._slots, "acquire", lambda timeout: False)
        with pytest.raises(UnavailableError):
            auth.ports.passwords.hash(PASSWORD)


def test_three_thousand_commonest_passwords_are_known() -> None:
    assert len(commonest()) == 3000
    assert min(map(len, commonest())) == 8


def test_the_audit_trail_holds_where_from_and_no_secret(auth: Auth) -> None:
    auth.register()
    hostile = {"User-Agent": "x\tforged\x7f line" + "a" * 500, "X-Forwarded-For": "2001:db8::1"}
    auth.client.post(
        "/api/auth/login", json={"email": "ada@example.org", "password": PASSWORD}, headers=hostile
    )

    record = auth.audit_records()[-1]

    assert record["event"] == "authn_login_success"
    assert record["address"] == "2001:db8::1"
    assert record["user_agent"].isprintable()
    assert len(record["user_agent"]) <= 200
    assert PASSWORD not in str(auth.audit_records())


def _without_id(body: object) -> dict[str, object]:
    assert isinstance(body, dict)
    return {name: value for name, value in body.items() if name != "correlation_id"}


def _names(answer: object) -> list[str]:
    return sorted(name for name, _ in answer.headers)  # type: ignore[attr-defined]  # a werkzeug response
