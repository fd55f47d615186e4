from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from services.auth import rotation
from services.auth import store as records
from services.auth.tokens import digest
from services.chassis.errors import UnauthenticatedError
from tests.unit.auth.conftest import Auth


def test_a_refresh_gives_new_tokens_of_the_same_session(auth: Auth) -> None:
    auth.clock.advance(minutes=-9)
    first = auth.tokens()
    auth.clock.advance(minutes=9)

    second = auth.refresh(first["refresh_token"]).json or {}

    verifier = auth.verifier()
    assert second["refresh_token"] != first["refresh_token"]
    assert verifier.user(second["access_token"]).session_id == verifier.user(first["access_token"]).session_id


def test_a_repeat_within_the_grace_gets_the_same_successor(auth: Auth) -> None:
    first = auth.tokens()

    second = auth.refresh(first["refresh_token"]).json or {}
    auth.clock.advance(seconds=10)
    repeated = auth.refresh(first["refresh_token"]).json or {}

    assert repeated["refresh_token"] == second["refresh_token"]


@pytest.mark.parametrize("used_after", ["the grace", "its successor was used"])
def test_a_second_use_ends_the_whole_session(auth: Auth, used_after: str) -> None:
    first = auth.tokens()
    latest = auth.refresh(first["refresh_token"]).json or {}
    if used_after == "the grace":
        auth.clock.advance(seconds=10.001)
    else:
        latest = auth.refresh(latest["refresh_token"]).json or {}

    reused = auth.refresh(first["refresh_token"])

    assert reused.status_code == 401
    assert auth.refresh(latest["refresh_token"]).status_code == 401
    assert auth.get("/api/auth/me", token=latest["access_token"]).status_code == 401
    assert "authn_token_reuse" in auth.audited()
    verifier = auth.verifier()
    verifier.poll_revocations()
    with pytest.raises(UnauthenticatedError):
        verifier.user(latest["access_token"])


def test_another_session_of_the_same_user_goes_on(auth: Auth) -> None:
    first = auth.tokens()
    other = auth.login().json or {}
    auth.refresh(first["refresh_token"])
    auth.clock.advance(seconds=11)
    auth.refresh(first["refresh_token"])

    assert auth.refresh(other["refresh_token"]).status_code == 200


def test_requests_at_the_same_time_get_one_successor(auth: Auth, monkeypatch: pytest.MonkeyPatch) -> None:
    first = auth.tokens()
    meet = Barrier(8, timeout=10)
    monkeypatch.setattr(rotation.records, "rotate_refresh_token", _after(meet, records.rotate_refresh_token))

    with ThreadPoolExecutor(8) as threads:
        app = auth.client.application
        answers = list(
            threads.map(
                lambda _: app.test_client().post(
                    "/api/auth/refresh", json={"refresh_token": first["refresh_token"]}
                ),
                range(8),
            )
        )

    assert [answer.status_code for answer in answers] == [200] * 8
    assert len({(answer.json or {})["refresh_token"] for answer in answers}) == 1
    assert auth.ports.store["refresh_tokens"].count_documents({}) == 2


def test_a_refresh_that_meets_a_logout_gets_nothing(auth: Auth, monkeypatch: pytest.MonkeyPatch) -> None:
    first = auth.tokens()
    session_id = auth.verifier().user(first["access_token"]).session_id
    real = records.rotate_refresh_token

    def rotate_after_logout(*arguments: Any) -> bool:
        records.revoke_session(auth.ports.store, str(session_id), "logout")
        return real(*arguments)

    monkeypatch.setattr(rotation.records, "rotate_refresh_token", rotate_after_logout)

    assert auth.refresh(first["refresh_token"]).status_code == 401


def test_a_write_that_the_driver_repeated_is_no_reuse(auth: Auth, monkeypatch: pytest.MonkeyPatch) -> None:
    first = auth.tokens()
    real = records.rotate_refresh_token

    def rotate_twice(*arguments: Any) -> bool:
        return real(*arguments) and real(*arguments)

    monkeypatch.setattr(rotation.records, "rotate_refresh_token", rotate_twice)
    second = auth.refresh(first["refresh_token"]).json or {}

    assert auth.refresh(second["refresh_token"]).status_code == 200


def test_an_idle_token_and_an_old_session_end(auth: Auth) -> None:
    idle = auth.tokens()
    auth.clock.advance(days=7, seconds=1)
    assert auth.refresh(idle["refresh_token"]).status_code == 401

    token = (auth.login().json or {})["refresh_token"]
    for _ in range(5):
        auth.clock.advance(days=6)
        answer = auth.refresh(token)
        token = (answer.json or {}).get("refresh_token", "")
    assert answer.status_code == 401


def test_a_changed_tier_shows_from_the_next_refresh(auth: Auth) -> None:
    first = auth.tokens()
    records.set_tier(auth.ports.store, "ada@example.org", "paid", auth.clock())

    second = auth.refresh(first["refresh_token"]).json or {}

    assert auth.verifier().user(second["access_token"]).tier == "paid"


@pytest.mark.parametrize("token", ["flr_" + "x" * 43, "a", "\u00fc", "", "x" * 201, None, {"$ne": ""}])
def test_a_token_that_never_was_is_refused(auth: Auth, token: Any) -> None:
    answer = auth.refresh(token)

    assert answer.status_code in (401, 422)
    assert answer.mimetype == "application/problem+json"


def test_the_store_keeps_no_refresh_token_in_the_clear(auth: Auth) -> None:
    first = auth.tokens()
    second = auth.refresh(first["refresh_token"]).json or {}
    third = auth.refresh(second["refresh_token"]).json or {}

    kept = {record["_id"]: record for record in auth.ports.store["refresh_tokens"].find()}
    text = str(kept) + str(auth.audit_records())
    assert not any(tokens["refresh_token"] in text for tokens in (first, second, third))
    assert "successor_sealed" not in kept[digest(first["refresh_token"])]
    assert "successor_sealed" in kept[digest(second["refresh_token"])]


def _after(meet: Barrier, call: Callable[..., bool]) -> Callable[..., bool]:
    def wait_then_call(*arguments: Any) -> bool:
        meet.wait()
        return call(*arguments)

    return wait_then_call
