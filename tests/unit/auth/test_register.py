from collections.abc import Mapping
from typing import Any

import pytest

from tests.unit.auth.conftest import EMAIL, PASSWORD, Auth


def test_an_account_opens_and_its_owner_can_sign_in(auth: Auth) -> None:
    answer = auth.register()

    assert answer.status_code == 202
    assert auth.login().status_code == 200
    assert auth.audited()[0] == "user_created"


def test_a_taken_address_gets_the_same_answer_for_the_same_work(auth: Auth) -> None:
    first = auth.register()
    work = auth.hasher.hashes
    second = auth.register(password="another long password")

    assert (second.status_code, second.data) == (first.status_code, first.data)
    assert auth.hasher.hashes - work == work == 1
    assert auth.audited() == ["user_created", "user_exists"]


def test_registering_again_changes_nothing(auth: Auth) -> None:
    auth.register()
    auth.register(password="another long password")

    assert auth.login(password="another long password").status_code == 401
    assert auth.login().status_code == 200


@pytest.mark.parametrize("spelling", ["ADA@example.org", "  ada@EXAMPLE.org "])
def test_one_mailbox_is_one_account_however_it_is_spelt(auth: Auth, spelling: str) -> None:
    auth.register()
    auth.register(spelling)

    assert auth.ports.store["users"].count_documents({}) == 1
    assert auth.login(spelling).status_code == 200


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"tier": "paid"}, "tier"),
        ({"_id": "usr_mine"}, "_id"),
        ({"email": "no-at-sign"}, "email"),
        ({"email": "a@localhost"}, "email"),
        ({"email": "a..b@example.org"}, "email"),
        ({"email": "\u212aate@example.org"}, "email"),
        ({"email": f"a@{'b' * 63}.{'c' * 63}.{'d' * 63}.{'e' * 61}"}, "email"),
        ({"email": ["a@example.org"]}, "email"),
        ({"email": {"$gt": ""}}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "x" * 1025}, "password"),
        ({"password": "qwertyuiop"}, "password"),
        ({"password": "Password1"}, "password"),
        ({"password": "aaaaaaaaaaaaaaaa"}, "password"),
        ({"password": EMAIL}, "password"),
        ({"password": 123456789012}, "password"),
        ({"name": "a\nb"}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
    ],
)
def test_a_field_that_is_refused_is_named(auth: Auth, change: Mapping[str, Any], field: str) -> None:
    answer = auth.post("/api/auth/register", {"email": EMAIL, "password": PASSWORD, **change})

    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    assert [entry["field"] for entry in (answer.json or {})["errors"]] == [field]
    assert auth.ports.store["users"].count_documents({}) == 0


@pytest.mark.parametrize("password", ["pass phrase of 日本語 words", " spaces count ", "x" * 1023 + "y"])
def test_any_characters_make_a_password_and_none_is_dropped(auth: Auth, password: str) -> None:
    auth.register(password=password)

    assert auth.login(password=password).status_code == 200
    assert auth.login(password=password[:-1]).status_code == 401


def test_a_taken_address_does_not_excuse_an_easy_password(auth: Auth) -> None:
    auth.register()

    assert auth.register(password="password").status_code == 422


def test_registrations_from_one_address_are_slowed_down(auth: Auth) -> None:
    answers = [auth.register(f"user{number}@example.org").status_code for number in range(23)]

    assert answers == [202] * 21 + [429] * 2
    assert (
        auth.audited()[-1] == "excess_rate_limit_exceeded" or "excess_rate_limit_exceeded" in auth.audited()
    )


def test_what_the_store_keeps_of_a_user_holds_no_password(auth: Auth) -> None:
    auth.register()

    kept = auth.ports.store["users"].find_one({}) or {}
    assert kept["password_hash"].startswith("$argon2id$")
    assert PASSWORD not in str(kept)
    assert kept["tier"] == "free"


def test_text_that_is_no_unicode_is_refused_before_it_is_hashed(auth: Auth) -> None:
    body = {"email": EMAIL, "password": "\ud800 is no character"}

    assert auth.post("/api/auth/register", body).status_code == 400
    assert auth.post("/api/auth/login", body).status_code == 400
