"""Who may ask an instance for what. Pure functions: the guard's server and the fleet simulator share these rules.

Standard library only and no import from the project, because this file is copied to the instance as it is.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

USER, HEALTH, ANYONE = "user", "health", "anyone"
CA_PATH = "/_flowllama/ca"
READY_PATH = "/_flowllama/ready"
STATUS_PATH = "/_flowllama/status"
TOKENS_PATH = "/_flowllama/tokens"
PHASES = ("booting", "drivers", "installing", "pulling", "loading", "ready", "failed")

_RULES: Mapping[str, frozenset[tuple[str, str]]] = {
    USER: frozenset(
        {
            ("GET", "/api/tags"),
            ("POST", "/api/chat"),
            ("POST", "/api/generate"),
            ("POST", "/api/embed"),
            ("POST", "/api/show"),
            ("GET", STATUS_PATH),
        }
    ),
    HEALTH: frozenset(
        {
            ("GET", "/api/tags"),
            ("POST", "/api/generate"),
            ("POST", "/api/embed"),
            ("GET", STATUS_PATH),
            ("PUT", TOKENS_PATH),
        }
    ),
}
# Only plain segments: no percent sign, no backslash, no empty or dotted segment that a proxy might fold away.
_V1_PATH = re.compile(r"/v1(/[A-Za-z0-9_:-][A-Za-z0-9._:-]*)+")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LONGEST_TOKEN = 256
# A balancer's checks carry no token, and a client that pins the root has none to show yet.
_OPEN = frozenset({("GET", CA_PATH), ("GET", READY_PATH)})
_TITLES = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}


@dataclass(frozen=True)
class Decision:
    """`status` is 200, 401 (no known token) or 403 (known, but not for this); `role` is set for a known token."""

    status: int
    role: str | None

    @property
    def allowed(self) -> bool:
        return self.status == 200  # noqa: PLR2004 - HTTP's own number


def authorise(method: str, path: str, token: str | None, verifiers: Mapping[str, str]) -> Decision:
    """Decide on one request. `path` is as the client sent it, without the query; nothing is decoded or folded."""
    if (method, path) in _OPEN:
        return Decision(200, ANYONE)
    role = role_of(token, verifiers)
    if role is None:
        return Decision(401, None)
    return Decision(200 if _may(role, method, path) else 403, role)


def role_of(token: str | None, verifiers: Mapping[str, str]) -> str | None:
    """The owner of a token. Both comparisons always run, so the time taken tells nothing."""
    presented = hashlib.sha256((token or "").encode("utf-8", "surrogateescape")).hexdigest()
    is_user = hmac.compare_digest(presented, verifiers["user_sha256"])
    is_health = hmac.compare_digest(presented, verifiers["health_sha256"])
    if not token or len(token) > _LONGEST_TOKEN:
        return None
    return USER if is_user else HEALTH if is_health else None


def bearer(header: str | None) -> str | None:
    """The token of an Authorization header, or None."""
    scheme, _, token = (header or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def counts_as_use(role: str | None, method: str) -> bool:
    """A probe by health is no use, and neither is looking: only what the user asks the model to do."""
    return role == USER and method == "POST"


def is_ready(phase: Mapping[str, Any] | None, listed: Any, tag: str) -> bool:
    """Whether a balancer may send requests: the boot ended well, and Ollama's `/api/tags` (`listed`) has the model.

    A machine whose model is there but could not be loaded has failed, and must not be sent any.
    """
    models = listed.get("models") if isinstance(listed, dict) else None
    names = {model.get("name") for model in models or () if isinstance(model, dict)}
    full = tag if ":" in tag.rpartition("/")[2] else f"{tag}:latest"
    return (phase or {}).get("phase") == "ready" and full in names


def status_document(
    *,
    instance: Mapping[str, Any],
    phase: Mapping[str, Any],
    in_flight: int,
    last_use_at: str | None,
    interruption: Mapping[str, str] | None,
) -> dict[str, Any]:
    return {
        "phase": phase.get("phase", "booting"),
        "progress_pct": phase.get("progress_pct"),
        "detail": phase.get("detail"),
        "in_flight": in_flight,
        "last_use_at": last_use_at,
        "interruption": None if interruption is None else dict(interruption),
        "model": instance["model"]["tag"],
        "placement_id": instance["placement_id"],
    }


def ca_document(ca_pem: str, verifiers: Mapping[str, str]) -> dict[str, str]:
    """The root certificate and a proof that only someone who knows health's verifier could make."""
    key = verifiers["health_sha256"].encode("ascii")
    return {"ca_pem": ca_pem, "proof": hmac.new(key, ca_pem.encode(), hashlib.sha256).hexdigest()}


def rotated(verifiers: Mapping[str, str], body: Any) -> dict[str, str]:
    """The verifiers after a PUT to the tokens path: either or both. Raises ValueError on anything else."""
    if not isinstance(body, dict) or not body or not set(body) <= {"user_sha256", "health_sha256"}:
        raise ValueError("give user_sha256, health_sha256 or both, and nothing else")
    if not all(isinstance(value, str) and _SHA256.fullmatch(value) for value in body.values()):
        raise ValueError("a verifier is 64 lower-case hex digits")
    after = {**verifiers, **body}
    if after["user_sha256"] == after["health_sha256"]:
        raise ValueError("the two tokens must differ")
    return after


def problem(status: int, detail: str | None = None) -> dict[str, Any]:
    """An RFC 9457 document."""
    document: dict[str, Any] = {"type": "about:blank", "title": _TITLES[status], "status": status}
    return document if detail is None else {**document, "detail": detail}


def _may(role: str, method: str, path: str) -> bool:
    if (method, path) in _RULES[role]:
        return True
    return role == USER and method in {"GET", "POST"} and _V1_PATH.fullmatch(path) is not None
