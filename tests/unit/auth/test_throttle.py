from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network

import pytest

from tests.unit.auth.conftest import EMAIL, Auth

WRONG = "not the password"


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.org"])
def test_guessing_is_delayed_by_twice_as_long_each_time(auth: Auth, email: str) -> None:
    auth.register()
    assert [auth.login(email, WRONG).status_code for _ in range(6)] == [401] * 6

    for delay_s in (1, 2, 4, 8):
        refused = auth.login(email, WRONG)
        assert refused.status_code == 429
        assert refused.headers["Retry-After"] == str(delay_s)
        auth.clock.advance(seconds=delay_s)
        assert auth.login(email, WRONG).status_code == 401


def test_a_delayed_attempt_costs_no_hashing_and_is_not_even_right(auth: Auth) -> None:
    auth.register()
    for _ in range(6):
        auth.login(password=WRONG)
    work = auth.hasher.comparisons

    assert auth.login().status_code == 429
    assert auth.hasher.comparisons == work


def test_the_owner_gets_in_once_the_delay_is_over_and_starts_afresh(auth: Auth) -> None:
    auth.register()
    for _ in range(6):
        auth.login(password=WRONG)
    auth.clock.advance(seconds=1)

    assert auth.login().status_code == 200
    assert [auth.login(password=WRONG).status_code for _ in range(6)] == [401] * 6


def test_hammering_from_everywhere_does_not_keep_the_owner_out(auth: Auth) -> None:
    auth.tokens()  # The owner has signed in from their address before.
    statuses = [
        auth.login(password=WRONG, address=f"198.51.100.{number}").status_code for number in range(40)
    ]

    assert statuses.count(401) == 11
    assert auth.login(address="198.51.100.250").status_code == 429
    assert auth.login().status_code == 200


def test_one_address_trying_many_accounts_is_slowed_down(auth: Auth) -> None:
    statuses = [auth.login(f"user{number}@example.org", WRONG).status_code for number in range(40)]

    assert statuses == [401] * 21 + [429] * 19


def test_signing_in_to_an_own_account_does_not_clear_an_address(auth: Auth) -> None:
    auth.tokens()
    for number in range(20):
        auth.login(f"user{number}@example.org", WRONG)
    auth.login()

    assert auth.login("next@example.org", WRONG).status_code == 429


def test_an_ipv6_subscriber_is_one_address(auth: Auth) -> None:
    statuses = [
        auth.login(f"u{number}@example.org", WRONG, address=f"2001:db8::{number:x}").status_code
        for number in range(30)
    ]

    assert statuses.count(429) == 9


def test_guesses_at_the_same_time_are_all_counted(auth: Auth) -> None:
    auth.register()
    app = auth.client.application

    def guess(_: int) -> int:
        body = {"email": EMAIL, "password": WRONG}
        return app.test_client().post("/api/auth/login", json=body).status_code

    with ThreadPoolExecutor(12) as threads:
        statuses = list(threads.map(guess, range(24)))

    assert statuses.count(401) == 6
    assert statuses.count(429) == 18


def test_a_restart_forgets_nothing_and_an_hour_of_quiet_all(make_auth: Callable[..., Auth]) -> None:
    before = make_auth()
    before.register()
    for _ in range(6):
        before.login(password=WRONG)

    after = make_auth(before.clock)
    assert after.login(password=WRONG).status_code == 429

    after.clock.advance(hours=1, seconds=1)
    assert [after.login(password=WRONG).status_code for _ in range(6)] == [401] * 6


def test_the_delay_has_a_limit(auth: Auth) -> None:
    for _ in range(30):
        auth.login(password=WRONG)
        auth.clock.advance(minutes=15)

    auth.login(password=WRONG)
    assert int(auth.login(password=WRONG).headers["Retry-After"]) <= 900


def test_a_listed_network_is_free_of_the_rules_by_address_only(make_auth: Callable[..., Auth]) -> None:
    auth = make_auth(unthrottled=(ip_network("203.0.113.0/24"),))

    assert {auth.register(f"user{number}@example.org").status_code for number in range(30)} == {202}
    assert {auth.login(f"user{number}@example.org", WRONG).status_code for number in range(30)} == {401}
    assert [auth.login(password=WRONG).status_code for _ in range(7)][-1] == 429


def test_the_trail_notes_a_wave_once(auth: Auth) -> None:
    for _ in range(20):
        auth.login(password=WRONG)

    assert auth.audited().count("authn_login_fail_max") == 1
