"""The guard's rules: every method, path and kind of token."""

import hashlib
import hmac
import itertools
from pathlib import Path
from typing import Any

import pytest

from infra.cdktf.instance import guard

USER_TOKEN, HEALTH_TOKEN = "fll_" + "u" * 43, "fll_" + "h" * 43
VERIFIERS = {
    "user_sha256": hashlib.sha256(USER_TOKEN.encode()).hexdigest(),
    "health_sha256": hashlib.sha256(HEALTH_TOKEN.encode()).hexdigest(),
}
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "get", "")
PATHS = (
    "/api/tags",
    "/api/chat",
    "/api/generate",
    "/api/embed",
    "/api/show",
    "/api/pull",
    "/api/push",
    "/api/create",
    "/api/copy",
    "/api/delete",
    "/api/blobs/sha256:x",
    "/api/ps",
    "/api/version",
    "/v1/chat/completions",
    "/v1/models",
    "/v1/models/llama3.2:1b",
    "/_flowllama/status",
    "/_flowllama/tokens",
    "/_flowllama/ca",
    "/_flowllama/ready",
    "/authorise",
    "/",
    "",
)
ANYBODY_MAY = {("GET", "/_flowllama/ca"), ("GET", "/_flowllama/ready")}
USER_MAY = {
    ("GET", "/api/tags"),
    *(("POST", f"/api/{verb}") for verb in ("chat", "generate", "embed", "show")),
    *itertools.product(("GET", "POST"), ("/v1/chat/completions", "/v1/models", "/v1/models/llama3.2:1b")),
    ("GET", "/_flowllama/status"),
    *ANYBODY_MAY,
}
HEALTH_MAY = {
    ("GET", "/api/tags"),
    ("POST", "/api/generate"),
    ("POST", "/api/embed"),
    ("GET", "/_flowllama/status"),
    ("PUT", "/_flowllama/tokens"),
    *ANYBODY_MAY,
}
STRANGERS = (
    None,
    "",
    "fll_" + "x" * 43,
    USER_TOKEN[:-1],
    USER_TOKEN + " ",
    VERIFIERS["user_sha256"],
    "é\udc80",
    "u" * 9999,
)


@pytest.mark.parametrize(("token", "may"), [(USER_TOKEN, USER_MAY), (HEALTH_TOKEN, HEALTH_MAY)])
def test_a_known_token_opens_its_own_paths_and_no_other(token: str, may: set[tuple[str, str]]) -> None:
    for method, path in itertools.product(METHODS, PATHS):
        expected = 200 if (method, path) in may else 403
        assert guard.authorise(method, path, token, VERIFIERS).status == expected, (method, path)


@pytest.mark.parametrize("token", STRANGERS)
def test_without_a_known_token_only_the_root_certificate_and_a_balancers_question_are_there(
    token: str | None,
) -> None:
    for method, path in itertools.product(METHODS, PATHS):
        expected = 200 if (method, path) in ANYBODY_MAY else 401
        assert guard.authorise(method, path, token, VERIFIERS).status == expected, (method, path)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/../api/pull",
        "/v1/..",
        "/v1/.",
        "/v1//api/pull",
        "/v1/%2e%2e/api/pull",
        "/v1/a\\..\\b",
        "/v1/",
        "/v1",
        "/v1/a\n",
        "/v1/a?x",
        "/v1x/a",
        "/api/tags/",
        "//api/tags",
        "/api/./tags",
        "/API/tags",
        "/api/tags\n",
        "/_flowllama/../api/pull",
        "/_FLOWLLAMA/status",
    ],
)
def test_a_path_that_a_proxy_might_fold_is_refused(path: str) -> None:
    for method in METHODS:
        assert guard.authorise(method, path, USER_TOKEN, VERIFIERS).status == 403


def test_only_what_the_user_asks_of_the_model_counts_as_use() -> None:
    assert guard.counts_as_use("user", "POST")
    assert not guard.counts_as_use("user", "GET")
    assert not guard.counts_as_use("health", "POST")
    assert not guard.counts_as_use(None, "POST")


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer abc", "abc"),
        ("Basic abc", None),
        ("Bearer", None),
        ("Bearer  ", None),
        (None, None),
    ],
)
def test_the_bearer_scheme_is_the_only_one(header: str | None, token: str | None) -> None:
    assert guard.bearer(header) == token


def test_one_or_both_verifiers_rotate() -> None:
    assert guard.rotated(VERIFIERS, {"user_sha256": "0" * 64}) == VERIFIERS | {"user_sha256": "0" * 64}
    both = {"user_sha256": "0" * 64, "health_sha256": "1" * 64}
    assert guard.rotated(VERIFIERS, both) == both


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        None,
        "x",
        {"user_sha256": "short"},
        {"user_sha256": "A" * 64},
        {"user_sha256": "0" * 64 + "\n"},
        {"user_sha256": None},
        {"admin_sha256": "0" * 64},
        {"user_sha256": VERIFIERS["health_sha256"]},
    ],
)
def test_a_rotation_that_is_none_is_refused(body: Any) -> None:
    with pytest.raises(ValueError, match=r"verifier|give|differ"):
        guard.rotated(VERIFIERS, body)


def test_the_root_certificate_carries_a_proof_that_needs_the_verifier() -> None:
    document = guard.ca_document("PEM", VERIFIERS)

    expected = hmac.new(VERIFIERS["health_sha256"].encode(), b"PEM", hashlib.sha256).hexdigest()
    assert document == {"ca_pem": "PEM", "proof": expected}


def test_status_starts_at_booting_and_names_every_field() -> None:
    instance = {"placement_id": "dep_x-1", "model": {"tag": "llama3.2:1b"}}

    document = guard.status_document(
        instance=instance, phase={}, in_flight=0, last_use_at=None, interruption=None
    )

    assert document == {
        "phase": "booting",
        "progress_pct": None,
        "detail": None,
        "in_flight": 0,
        "last_use_at": None,
        "interruption": None,
        "model": "llama3.2:1b",
        "placement_id": "dep_x-1",
    }


LISTED = {
    "models": [{"name": "llama3.2:1b"}, {"name": "me/own:latest"}, {"name": "hf.co/Org/Model-GGUF:Q4_K_M"}]
}


@pytest.mark.parametrize(
    ("phase", "listed", "tag", "ready"),
    [
        ({"phase": "ready"}, LISTED, "llama3.2:1b", True),
        ({"phase": "ready"}, LISTED, "me/own", True),
        ({"phase": "ready"}, LISTED, "hf.co/Org/Model-GGUF:Q4_K_M", True),
        ({"phase": "ready"}, LISTED, "llama3.2", False),
        ({"phase": "ready"}, {"models": []}, "llama3.2:1b", False),
        ({"phase": "ready"}, {"models": None}, "llama3.2:1b", False),
        ({"phase": "ready"}, None, "llama3.2:1b", False),
        ({"phase": "loading"}, LISTED, "llama3.2:1b", False),
        ({"phase": "failed"}, LISTED, "llama3.2:1b", False),
        (None, LISTED, "llama3.2:1b", False),
    ],
)
def test_ready_is_a_boot_that_ended_well_and_a_model_that_ollama_lists(
    phase: Any, listed: Any, tag: str, *, ready: bool
) -> None:
    assert guard.is_ready(phase, listed, tag) is ready


def test_the_rules_need_nothing_but_the_standard_library() -> None:
    text = Path(guard.__file__).read_text()

    imported = {
        line.split()[1].split(".")[0] for line in text.splitlines() if line.startswith(("import ", "from "))
    }
    assert imported == {"hashlib", "hmac", "re", "collections", "dataclasses", "typing"}
