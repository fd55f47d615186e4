"""The HTTP door over a small app: probes, correlation, guards, and a problem document on everything but 2xx."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields, validate
from prometheus_client import REGISTRY
from pymongo.errors import AutoReconnect, DuplicateKeyError
from werkzeug.test import TestResponse

from services.chassis import errors
from services.chassis.http import (
    CLIENT_ADDRESS_HEADER,
    MAX_BODY_BYTES,
    client_address,
    correlation_id,
    create_app,
    principal,
    require_user,
)
from tests.unit.chassis.tokens import Auth


class Body(Schema):
    class Meta:
        unknown = RAISE

    name = fields.String(required=True)
    size = fields.Integer(strict=True)


class Query(Schema):
    class Meta:
        unknown = RAISE

    limit = fields.Integer()


class Headers(Schema):
    key = fields.String(data_key="Idempotency-Key", validate=validate.Equal("good"))


RAISED: Mapping[str, Exception] = {
    "missing": errors.NotFoundError("There is no such deployment."),
    "conflict": errors.ConflictError("It runs."),
    "throttled": errors.ThrottledError(retry_after_s=7),
    "outage": AutoReconnect("mongodb://user:password@db"),
    "refused-write": DuplicateKeyError("E11000 secret value"),
    "bug": RuntimeError("the password is hunter2"),
}


@pytest.fixture
def auth() -> Auth:
    return Auth()


@pytest.fixture
def ready() -> dict[str, bool]:
    return {"store": True}


@pytest.fixture
def client(auth: Auth, ready: dict[str, bool]) -> FlaskClient:
    return _app(auth, ready).test_client()


def _app(auth: Auth, ready: dict[str, bool]) -> Flask:
    things = Blueprint("things", __name__, url_prefix="/api/things")
    things.before_request(require_user(auth.verifier()))

    @things.post("")
    @things.arguments(Body)
    @things.arguments(Headers, location="headers")
    @things.response(201)
    def create(body: Any, headers: Any) -> Any:
        return {"name": body["name"], "user": principal().subject, "correlation": correlation_id()}

    @things.get("")
    @things.arguments(Query, location="query")
    @things.response(200)
    def read(query: Any) -> Any:
        return {"address": client_address()}

    @things.get("/<string:kind>")
    @things.response(200)
    def fail(kind: str) -> Any:
        raise RAISED[kind]

    def check_store() -> None:
        if not ready["store"]:
            raise AutoReconnect("mongodb://user:password@db")

    return create_app("things", "Things", [things], readiness={"store": check_store})


def _problem(answer: TestResponse, status: int, kind: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"
    body: dict[str, Any] = answer.get_json(force=True)
    assert body["status"] == status
    assert body["type"] == f"https://flowllama.dev/problems/{kind}"
    assert body["title"]
    assert body["detail"]
    assert body["correlation_id"] == answer.headers["X-Correlation-Id"]
    return body


def _post(client: FlaskClient, auth: Auth, data: Any, content_type: str = "application/json") -> TestResponse:
    return client.post("/api/things", data=data, content_type=content_type, headers=auth.headers())


def test_a_good_request_passes_and_knows_its_caller(client: FlaskClient, auth: Auth) -> None:
    answer = _post(client, auth, '{"name": "a"}')

    assert answer.status_code == 201
    assert answer.json is not None
    assert answer.json["user"] == "usr_a"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_path_that_is_not_there(client: FlaskClient) -> None:
    assert _problem(client.get("/nowhere"), 404, "not-found")["instance"] == "/nowhere"
    _problem(client.get("//api//things"), 404, "not-found")


def test_a_method_that_is_not_there_names_those_that_are(client: FlaskClient, auth: Auth) -> None:
    answer = client.put("/api/things", headers=auth.headers())

    _problem(answer, 405, "method-not-allowed")
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


@pytest.mark.parametrize("length_known", [True, False])
def test_a_body_over_the_cap(client: FlaskClient, auth: Auth, *, length_known: bool) -> None:
    body = b'{"name": "' + b"a" * MAX_BODY_BYTES + b'"}'
    if length_known:
        answer = _post(client, auth, body)
    else:
        answer = _chunked(client, auth, body, "application/json")

    _problem(answer, 413, "request-entity-too-large")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_that_is_not_json(client: FlaskClient, auth: Auth, content_type: str) -> None:
    _problem(_post(client, auth, b"name=a", content_type), 415, "unsupported-media-type")
    _problem(_chunked(client, auth, b"name=a", content_type), 415, "unsupported-media-type")


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": ',
        b"\xff\xfe{",
        b'{"name": "\\ud800"}',
        b'{"name": "a", "size": ' + b"1" * 5000 + b"}",
        b"[" * 20_000 + b"]" * 20_000,
    ],
    ids=["cut", "not UTF-8", "half a character", "5000 digits", "20000 deep"],
)
def test_a_body_that_no_reader_could_take(client: FlaskClient, auth: Auth, body: bytes) -> None:
    _problem(_post(client, auth, body), 400, "malformed")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_is_none_is_refused_by_its_field(client: FlaskClient, auth: Auth, number: str) -> None:
    problem = _problem(_post(client, auth, f'{{"name": "a", "size": {number}}}'), 422, "invalid")

    assert [entry["field"] for entry in problem["errors"]] == ["size"]


def test_every_refused_field_is_named(client: FlaskClient, auth: Auth) -> None:
    problem = _problem(_post(client, auth, '{"size": "big", "colour": 1}'), 422, "invalid")

    assert {entry["field"] for entry in problem["errors"]} == {"name", "size", "colour"}
    assert "name: Missing data for required field." in problem["detail"]


@pytest.mark.parametrize("body", ["null", "[]", "7", '"text"'])
def test_json_that_is_no_object(client: FlaskClient, auth: Auth, body: str) -> None:
    _problem(_post(client, auth, body), 422, "invalid")


def test_a_missing_body_is_a_missing_field(client: FlaskClient, auth: Auth) -> None:
    problem = _problem(client.post("/api/things", headers=auth.headers()), 422, "invalid")

    assert problem["errors"] == [{"field": "name", "message": "Missing data for required field."}]


def test_refusals_of_query_and_headers_name_the_parameter(client: FlaskClient, auth: Auth) -> None:
    query = client.get("/api/things?limit=many", headers=auth.headers())
    header = client.post(
        "/api/things", json={"name": "a"}, headers={**auth.headers(), "Idempotency-Key": "bad"}
    )

    assert _problem(query, 422, "invalid")["errors"][0]["field"] == "limit"
    assert _problem(header, 422, "invalid")["errors"][0]["field"] == "Idempotency-Key"


def test_a_flood_of_unknown_fields_gets_a_short_answer(client: FlaskClient, auth: Auth) -> None:
    body = "{" + ",".join(f'"f{number}":1' for number in range(3000)) + "}"

    assert len(_problem(_post(client, auth, body), 422, "invalid")["errors"]) == 50


def test_our_own_errors_carry_their_words_and_headers(client: FlaskClient, auth: Auth) -> None:
    missing = client.get("/api/things/missing", headers=auth.headers())
    throttled = client.get("/api/things/throttled", headers=auth.headers())

    assert _problem(missing, 404, "not-found")["detail"] == "There is no such deployment."
    _problem(throttled, 429, "throttled")
    assert throttled.headers["Retry-After"] == "7"


def test_an_outage_of_the_store_is_no_fault_of_the_caller(client: FlaskClient, auth: Auth) -> None:
    answer = client.get("/api/things/outage", headers=auth.headers())

    _problem(answer, 503, "unavailable")
    assert answer.headers["Retry-After"]
    assert "password" not in answer.text


@pytest.mark.parametrize("kind", ["bug", "refused-write"])
def test_what_we_did_not_foresee_is_shown_bare(client: FlaskClient, auth: Auth, kind: str) -> None:
    answer = client.get(f"/api/things/{kind}", headers=auth.headers())

    _problem(answer, 500, "internal")
    assert "hunter2" not in answer.text
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer ", "Basic dXNlcg==", "Bearer nonsense"]
)
def test_no_token_no_answer(client: FlaskClient, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = client.post("/api/things", data="{", content_type="text/plain", headers=headers)

    _problem(answer, 401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="flowllama"'


def test_a_given_correlation_id_is_kept_unless_it_could_do_harm(client: FlaskClient) -> None:
    assert (
        client.get("/healthz", headers={"X-Correlation-Id": "abc-1"}).headers["X-Correlation-Id"] == "abc-1"
    )
    for harmful in ("x" * 65, 'a"b', "a b"):
        given = client.get("/healthz", headers={"X-Correlation-Id": harmful}).headers["X-Correlation-Id"]
        assert given.startswith("req_")


def test_liveness_asks_nobody_and_readiness_asks_all(client: FlaskClient, ready: dict[str, bool]) -> None:
    assert client.get("/readyz").json == {"status": "ok"}

    ready["store"] = False

    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert _problem(answer, 503, "unavailable")["errors"] == [
        {"field": "store", "message": "does not answer"}
    ]
    assert "password" not in answer.text


def test_metrics_count_by_route_and_never_by_what_a_caller_makes_up(client: FlaskClient, auth: Auth) -> None:
    client.get("/api/things/missing", headers=auth.headers())
    client.open("/made-up-path", method="MADEUP")

    text = client.get("/metrics").text
    assert 'route="/api/things/<string:kind>"' in text
    assert "made-up-path" not in text
    assert "MADEUP" not in text
    assert REGISTRY.get_sample_value(
        "flowllama_http_requests_total", {"route": "unmatched", "method": "other", "status": "404"}
    )


def test_the_address_of_a_caller_is_what_the_edge_saw(client: FlaskClient, auth: Auth) -> None:
    forged = {**auth.headers(), "X-Forwarded-For": "10.0.0.1, 203.0.113.9"}

    behind_edge = client.get("/api/things", headers=forged)
    direct = client.get("/api/things", headers=forged, environ_base={"REMOTE_ADDR": "198.51.100.2"})

    assert behind_edge.json == {"address": "203.0.113.9"}
    assert direct.json == {"address": "198.51.100.2"}


def test_a_header_that_the_edge_overwrites_names_the_caller(client: FlaskClient, auth: Auth) -> None:
    client.application.config[CLIENT_ADDRESS_HEADER] = "X-Seen-By-Edge"
    headers = {**auth.headers(), "X-Forwarded-For": "10.0.0.1", "X-Seen-By-Edge": "203.0.113.9"}

    seen = client.get("/api/things", headers=headers, environ_base={"REMOTE_ADDR": "10.0.0.7"})
    unseen = client.get("/api/things", headers=auth.headers(), environ_base={"REMOTE_ADDR": "10.0.0.7"})

    assert (seen.json, unseen.json) == ({"address": "203.0.113.9"}, {"address": "10.0.0.7"})


def _chunked(client: FlaskClient, auth: Auth, body: bytes, content_type: str) -> TestResponse:
    """A body without a length, as a chunked request brings it."""
    return client.post(
        "/api/things",
        input_stream=BytesIO(body),
        content_type=content_type,
        headers={**auth.headers(), "Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )
