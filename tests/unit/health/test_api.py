"""The HTTP door: what a user sees of machines and webhooks, and that nobody sees another's."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from contracts.claims import Principal
from contracts.vocabulary import Tier
from services.chassis.auth_verify import Verifier
from services.chassis.errors import UnauthenticatedError
from services.chassis.http import create_app
from services.health import api, handlers
from services.health.handlers import Ports
from tests.unit.health.builders import DEPLOYMENT, USER, WEBHOOK, launched, registered, status

OWNER = {"Authorization": f"Bearer {USER}"}
STRANGER = {"Authorization": "Bearer usr_01j0000000000000000000000b"}
INSTANCES = f"/api/health/instances?deployment_id={DEPLOYMENT}"
DELIVERIES = f"/api/health/webhooks/{DEPLOYMENT}/deliveries"


class TokenIsUser(Verifier):
    """Takes the token for the user id; real verification has tests of its own."""

    def __init__(self) -> None:
        super().__init__(fetch_keys=dict, fetch_revoked=lambda _: {})

    def user(self, token: str) -> Principal:
        if not token.startswith("usr_"):
            raise UnauthenticatedError
        return Principal(subject=token, session_id="ses_1", tier=Tier.FREE, scope=frozenset())


@pytest.fixture
def client(ports: Ports) -> Iterator[FlaskClient]:
    routes = api.blueprint(api.Ports(ports.instances, ports.deliveries, TokenIsUser()))
    with create_app("health", "Health", [routes], readiness={}).test_client() as client:
        yield client


def test_the_owner_sees_every_machine_newest_first(client: FlaskClient, ports: Ports) -> None:
    handlers.instance_launched(launched(1), ports=ports)
    handlers.instance_launched(launched(2), ports=ports)

    answer = client.get(INSTANCES, headers=OWNER)

    assert answer.status_code == 200
    assert answer.json is not None
    assert [item["placement_id"] for item in answer.json["items"]] == [f"{DEPLOYMENT}-2", f"{DEPLOYMENT}-1"]
    first = answer.json["items"][0]
    assert (first["status"], first["cloud"], first["last_poll_at"]) == ("starting", "aws", None)
    assert first["boot"] == {"phase": "booting", "progress_pct": None, "detail": None}


def test_no_secret_is_shown(client: FlaskClient, ports: Ports) -> None:
    handlers.instance_launched(launched(), ports=ports)
    handlers.webhook_registered(registered("http://127.0.0.1:9/hook"), ports=ports)
    handlers.status_changed(status(1), ports=ports)

    for path in (INSTANCES, DELIVERIES):
        text = client.get(path, headers=OWNER).text
        assert "sealed" not in text
        assert "gAAAA" not in text


def test_the_owner_sees_what_became_of_webhooks(client: FlaskClient, ports: Ports) -> None:
    handlers.webhook_registered(registered("http://127.0.0.1:9/hook"), ports=ports)
    first, second = status(1), status(2)
    handlers.status_changed(first, ports=ports)
    handlers.status_changed(second, ports=ports)

    answer = client.get(f"{DELIVERIES}?limit=1", headers=OWNER)

    assert answer.json is not None
    (item,) = answer.json["items"]
    assert item["next_at"] is not None
    assert {name: item[name] for name in ("id", "webhook_id", "sequence", "state", "attempts")} == {
        "id": second.id,
        "webhook_id": WEBHOOK,
        "sequence": 2,
        "state": "pending",
        "attempts": 0,
    }
    assert (item["last_status"], item["last_error"], item["finished_at"]) == (None, None, None)


@pytest.mark.parametrize("path", [INSTANCES, DELIVERIES])
def test_a_stranger_learns_nothing(client: FlaskClient, ports: Ports, path: str) -> None:
    handlers.instance_launched(launched(), ports=ports)
    handlers.webhook_registered(registered("http://127.0.0.1:9/hook"), ports=ports)

    theirs = client.get(path, headers=STRANGER)
    unknown = client.get(path.replace("a/del", "z/del").replace("a?dep", "z?dep"), headers=STRANGER)

    assert theirs.status_code == 404
    assert theirs.mimetype == "application/problem+json"
    assert theirs.json is not None
    assert unknown.json is not None
    assert theirs.json["detail"] == unknown.json["detail"]


@pytest.mark.parametrize("path", [INSTANCES, DELIVERIES])
def test_without_a_token_nobody_gets_in(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "/api/health/instances?deployment_id=%7B%22%24ne%22%3Anull%7D",
        "/api/health/instances?deployment_id=..%2F..",
        "/api/health/instances?deployment_id=usr_01j0000000000000000000000a",
        "/api/health/webhooks/%00/deliveries",
        "/api/health/webhooks/dep_x/deliveries",
    ],
)
def test_what_is_no_id_is_not_there(client: FlaskClient, path: str) -> None:
    assert client.get(path, headers=OWNER).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/api/health/instances",
        f"{INSTANCES}&other=1",
        f"{DELIVERIES}?limit=0",
        f"{DELIVERIES}?limit=101",
        f"{DELIVERIES}?limit=many",
    ],
)
def test_a_bad_query_is_refused_with_its_field(client: FlaskClient, path: str) -> None:
    answer = client.get(path, headers=OWNER)

    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["errors"]
