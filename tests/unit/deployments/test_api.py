"""The HTTP door: statuses, problem documents, pages, and nobody in somebody else's house."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from contracts.claims import Principal
from services.chassis.auth_verify import Verifier
from services.chassis.errors import UnauthenticatedError
from services.chassis.http import create_app
from services.deployments import api
from tests.unit.deployments.world import World, principal

HEADERS = {"Authorization": "Bearer usr_a"}


class TokenIsUser(Verifier):
    """Takes the token for the user id; real verification has tests of its own."""

    def __init__(self) -> None:
        super().__init__(fetch_keys=dict, fetch_revoked=lambda _: {})

    def user(self, token: str) -> Principal:
        if not token.startswith("usr_"):
            raise UnauthenticatedError
        return principal(token)


@pytest.fixture
def client(world: World) -> Iterator[FlaskClient]:
    routes = api.blueprint(api.Ports(world.creation, world.costs, TokenIsUser(), world.pricing))
    with create_app("deployments", "Deployments", [routes], readiness={}).test_client() as client:
        yield client


def _create(client: FlaskClient, headers: Any = HEADERS, **body: Any) -> TestResponse:
    return client.post("/api/deployments", json={"model": "llama3.2:1b", **body}, headers=headers)


def test_a_create_is_accepted_with_its_location_and_credentials(client: FlaskClient) -> None:
    answer = _create(client, name="mine", labels={"team": "a.b"})

    assert answer.status_code == 202
    assert answer.json is not None
    assert answer.headers["Location"] == f"/api/deployments/{answer.json['id']}"
    assert answer.json["status"] == "requested"
    assert answer.json["labels"] == {"team": "a.b"}
    assert answer.json["credentials"]["token"].startswith("fll_")


def test_credentials_are_shown_once(client: FlaskClient) -> None:
    location = _create(client).headers["Location"]

    shown = client.get(location, headers=HEADERS).json

    assert shown is not None
    assert not any("token" in name or "sha256" in name or "sealed" in name for name in shown)
    assert "credentials" not in shown


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"model": 3}, "model"),
        ({"model": "x;curl evil"}, "model"),
        ({"model": '${file("/etc/passwd")}'}, "model"),
        ({"model": "a\nb"}, "model"),
        ({"model": "evil.host/m:1"}, "model"),
        ({"context_size": -1}, "context_size"),
        ({"context_size": True}, "context_size"),
        ({"parallel": 10_000}, "parallel"),
        ({"spot": "sometimes"}, "spot"),
        ({"gpu": {"kind": "B9000"}}, "gpu.kind"),
        ({"min_tokens_per_s": "NaN"}, "min_tokens_per_s"),
        ({"max_hourly_usd": -1}, "max_hourly_usd"),
        ({"name": "No Capitals"}, "name"),
        ({"name": "${x}"}, "name"),
        ({"labels": {"$where": "x"}}, "labels.$where"),
        ({"exposure": {"kind": "open"}}, "exposure.kind"),
        ({"replicas": {"min": 3, "max": 2}, "exposure": {"kind": "load_balanced"}}, "replicas.max"),
        ({"replicas": {"max": 2}}, "replicas.max"),
        ({"replicas": {"max": 2}, "exposure": {"kind": "private"}}, "replicas.max"),
        ({"replicas": {"max": 17}, "exposure": {"kind": "load_balanced"}}, "replicas.max"),
        ({"webhook": {"url": "file:///etc/passwd"}}, "webhook.url"),
        ({"webhook": {"url": "https://169.254.169.254/latest"}}, "webhook.url"),
        ({"webhook": {"url": "https://[::ffff:10.0.0.1]/"}}, "webhook.url"),
        ({"webhook": {"url": "http://example.com/"}}, "webhook.url"),
        ({"webhook": {"url": "https://u:p@example.com/"}}, "webhook.url"),
        ({"owner": "usr_b"}, "owner"),
    ],
)
def test_a_bad_field_is_named(client: FlaskClient, body: dict[str, Any], field: str) -> None:
    answer = _create(client, **body)

    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    assert answer.json is not None
    assert any(error["field"].startswith(field) for error in answer.json["errors"]), answer.json


def test_malformed_json_is_400_and_other_media_415(client: FlaskClient) -> None:
    broken = client.post("/api/deployments", data="{", headers=HEADERS, content_type="application/json")
    form = client.post("/api/deployments", data="a=b", headers=HEADERS, content_type="text/plain")

    assert (broken.status_code, form.status_code) == (400, 415)
    assert broken.mimetype == form.mimetype == "application/problem+json"


def test_an_oversized_body_is_413(client: FlaskClient) -> None:
    assert _create(client, name="x" * 100_000).status_code == 413


def test_without_a_token_nothing_is_read(client: FlaskClient) -> None:
    answer = client.post("/api/deployments", data="{", content_type="application/json")

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("method", ["get", "delete"])
def test_strangers_and_nonsense_ids_find_nothing(client: FlaskClient, method: str) -> None:
    location = _create(client).headers["Location"]
    call = getattr(client, method)

    assert call(location, headers={"Authorization": "Bearer usr_b"}).status_code == 404
    assert call(f"{location}/events", headers={"Authorization": "Bearer usr_b"}).status_code in (404, 405)
    for nonsense in ("x", "dep_", "%2e%2e", "dep_%00", "d" * 3000):
        assert call(f"/api/deployments/{nonsense}", headers=HEADERS).status_code == 404


def test_pages_cover_everything_once_and_only_ones_own(client: FlaskClient) -> None:
    own = {_create(client).json["id"] for _ in range(5)}  # type: ignore[index]  # it is JSON
    _create(client, headers={"Authorization": "Bearer usr_b"})

    seen: list[str] = []
    cursor = ""
    while True:
        page = client.get(f"/api/deployments?limit=2{cursor}", headers=HEADERS).json
        assert page is not None
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"

    assert seen == sorted(own, reverse=True)


def test_a_made_up_cursor_is_refused(client: FlaskClient) -> None:
    assert client.get("/api/deployments?cursor=dep_1", headers=HEADERS).status_code == 422


def test_filters(client: FlaskClient) -> None:
    _create(client, name="one", labels={"team": "a"})
    _create(client, name="two", labels={"team": "b"})

    def names(query: str) -> list[str]:
        page = client.get(f"/api/deployments?{query}", headers=HEADERS).json
        assert page is not None
        return [item["name"] for item in page["items"]]

    assert names("label=team%3Db") == ["two"]
    assert names("name=one") == ["one"]
    assert names("status=running") == []
    assert client.get("/api/deployments?status=nonsense", headers=HEADERS).status_code == 422


def test_a_delete_is_accepted_and_repeatable(client: FlaskClient) -> None:
    location = _create(client).headers["Location"]

    first, second = (client.delete(location, headers=HEADERS) for _ in range(2))

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json is not None
    assert first.json["status"] == "deleting"
