from datetime import timedelta

import pytest

from services.auth import store as records
from services.auth.revocations import revocations
from services.chassis.clock import utc_now
from services.chassis.errors import UnauthenticatedError
from tests.unit.auth.conftest import Auth


def test_logout_is_known_here_at_once_and_elsewhere_with_the_next_poll(auth: Auth) -> None:
    tokens = auth.tokens()
    elsewhere = auth.verifier()
    elsewhere.poll_revocations()
    assert elsewhere.user(tokens["access_token"])

    assert auth.post("/api/auth/logout", token=tokens["access_token"]).status_code == 204

    assert auth.get("/api/auth/me", token=tokens["access_token"]).status_code == 401
    assert auth.refresh(tokens["refresh_token"]).status_code == 401
    elsewhere.poll_revocations()
    with pytest.raises(UnauthenticatedError):
        elsewhere.user(tokens["access_token"])
    assert "authn_token_revoked" in auth.audited()


def test_logout_ends_one_session_only(auth: Auth) -> None:
    here, there = auth.tokens(), auth.login().json or {}

    auth.post("/api/auth/logout", token=here["access_token"])

    assert auth.get("/api/auth/me", token=there["access_token"]).status_code == 200


def test_logout_needs_a_token(auth: Auth) -> None:
    answer = auth.post("/api/auth/logout")

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_the_feed_finds_what_was_stamped_earlier_and_committed_later(auth: Auth) -> None:
    early, late = auth.tokens("a@example.org"), auth.tokens("b@example.org")
    sessions = auth.ports.store["sessions"]
    early_id, late_id = (auth.verifier().user(each["access_token"]).session_id for each in (early, late))
    records.revoke_session(auth.ports.store, str(late_id), "logout")
    cursor = (auth.get("/internal/revocations").json or {})["cursor"]

    # Another process stamped its revocation 20 s before, and its write arrives only now.
    sessions.update_one({"_id": early_id}, {"$set": {"revoked_at": utc_now() - timedelta(seconds=20)}})
    answer = auth.get(f"/internal/revocations?since={cursor}").json or {}

    assert early_id in [entry["sid"] for entry in answer["revoked"]]
    assert int(answer["cursor"]) >= int(cursor)


def test_the_cursor_never_goes_back(auth: Auth) -> None:
    cursor = ""
    seen = []
    for number in range(3):
        tokens = auth.tokens(f"u{number}@example.org")
        auth.post("/api/auth/logout", token=tokens["access_token"])
        answer = revocations(cursor, store=auth.ports.store, clock=auth.clock)
        cursor = answer["cursor"]
        seen.append(int(cursor))

    assert seen == sorted(seen)


def test_an_entry_outlives_every_token_of_its_session(auth: Auth) -> None:
    tokens = auth.tokens()
    auth.post("/api/auth/logout", token=tokens["access_token"])

    (entry,) = (auth.get("/internal/revocations").json or {})["revoked"]
    assert entry["until"] >= utc_now().timestamp() + 600 + 30


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 14, "1.5"])
def test_a_cursor_that_was_never_given_out_is_refused(auth: Auth, cursor: str) -> None:
    assert auth.get(f"/internal/revocations?since={cursor}").status_code == 422


def test_an_access_token_expires(auth: Auth) -> None:
    auth.clock.advance(seconds=-640)
    tokens = auth.tokens()

    assert auth.get("/api/auth/me", token=tokens["access_token"]).status_code == 401
