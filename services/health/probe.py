"""One look at one instance or balancer: first contact, status, model list, and once per start a generated token."""

import asyncio
import errno
import hashlib
import hmac
import ssl
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol, Self

import aiohttp
from marshmallow import ValidationError

from contracts.http.health import InstanceSaysSchema
from services.chassis.config import Network
from services.chassis.errors import RejectError
from services.chassis.sealing import Sealer, verifier
from services.health import entrance
from services.health.entrance import Resolve, SystemNames
from services.health.model import NOBODY_READY, Look
from services.health.pinned_http import (
    UNVERIFIED,
    Door,
    StatusError,
    UnusableAnswerError,
    open_session,
    trusting,
)
from services.health.roots import Roots, read_roots

DEADLINE_S = 5.0
ANSWER_DEADLINE_S = 60.0  # The first token of a large model takes longer than any other answer.
KEPT_CONTEXTS = 16_384  # One per instance; making one costs more than a poll.
PROMPT = "Say hello."
# These say that this process is out of something: of the instance they say nothing.
_OUR_TROUBLE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL})
# What a balancer says itself: its machine does not answer, there is none, or it takes too long.
NO_MACHINE = frozenset({502, 503, 504})
_EMBEDS_ONLY = b"does not support generate"  # Ollama's words for an embedding model.


class Probe(Protocol):
    async def look(self, record: Mapping[str, Any]) -> Look:
        """Poll one instance. Never raises for what the network or the instance does."""


class InstanceProbe:
    """Use within one event loop, as an async context manager. `roots` are those of balancers."""

    def __init__(
        self,
        sealer: Sealer,
        networks: Sequence[Network],
        roots: Roots | None = None,
        *,
        resolver: Resolve | None = None,
        connections: int = 200,
        keepalive_s: float = 45.0,
        deadline_s: float = DEADLINE_S,
        answer_deadline_s: float = ANSWER_DEADLINE_S,
    ) -> None:
        self._sealer = sealer
        self._networks = networks
        self._roots = roots or read_roots(None)
        self._resolver = resolver or SystemNames()
        self._connections = connections
        self._keepalive_s = keepalive_s
        self._deadline_s = deadline_s
        self._answer_deadline_s = answer_deadline_s
        self._says = InstanceSaysSchema()
        self._context: Callable[[str], ssl.SSLContext] = lru_cache(KEPT_CONTEXTS)(trusting)

    async def __aenter__(self) -> Self:
        self._session = open_session(self._connections, self._keepalive_s)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def look(self, record: Mapping[str, Any]) -> Look:
        try:
            return await self._look(record)
        except UnusableAnswerError as error:
            return Look(failure=str(error))
        except TimeoutError:
            return Look(failure="no answer in time")
        except aiohttp.ClientConnectorCertificateError:
            known = "the pinned root" if record.get("replicas") is None else "the roots of balancers"
            return Look(failure=f"its certificate does not verify against {known}")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            why = f"no connection, or it broke ({type(error).__name__})"
            return Look(failure=why, is_ours=getattr(error, "errno", None) in _OUR_TROUBLE)
        except RejectError:
            return Look(failure="its token can't be opened with the sealing keys in force")

    async def _look(self, record: Mapping[str, Any]) -> Look:
        token = self._sealer.open(record["health_token_sealed"])
        balanced = record.get("replicas") is not None
        async with asyncio.timeout(self._deadline_s):
            ca_pem, door = await (self._to_balancer if balanced else self._to_machine)(record, token)
            says = self._read_status(record, await _status(door, balanced=balanced))
            at_rest = says["phase"] == "ready"
            answered = at_rest and record.get("answered_at") is not None
            busy = at_rest and says["in_flight"] > 0
            # A busy instance that has proved itself is healthy: a probe would only wait behind its user.
            listed = at_rest and not (busy and answered) and _lists(record, await door.get("/api/tags"))
        if listed and not answered:
            answered = await self._answers(door, record["model"])
        return Look(
            phase=says["phase"],
            progress_pct=says["progress_pct"],
            detail=says["detail"],
            # That of one replica is its group's to mend.
            interruption=None if balanced else says["interruption"],
            ca_pem=ca_pem,
            busy=busy,
            listed=listed,
            answered=answered,
        )

    async def _to_machine(self, record: Mapping[str, Any], token: str) -> tuple[str, Door]:
        place = entrance.of_machine(record["address"], record["port"], self._networks)
        ca_pem = record.get("ca_pem") or await self._first_contact(place, token)
        return ca_pem, Door(self._session, place, self._context(ca_pem), token)

    async def _to_balancer(self, record: Mapping[str, Any], token: str) -> tuple[str | None, Door]:
        """There is no first contact: whoever answers for the name must prove it to the roots that we know."""
        name, port = record["address"], record["port"]
        place = await entrance.of_balancer(name, port, self._networks, self._resolver)
        return self._roots.ca_pem, Door(self._session, place, self._roots.context, token, name)

    async def _first_contact(self, place: str, token: str) -> str:
        """The root certificate, believed only with the proof that nobody without the verifier can make."""
        found = await Door(self._session, place, UNVERIFIED).get("/_flowllama/ca")
        ca_pem, proof = found.get("ca_pem"), found.get("proof")
        if not isinstance(ca_pem, str) or not isinstance(proof, str):
            raise UnusableAnswerError("/_flowllama/ca gave no certificate")
        expected = hmac.new(verifier(token).encode(), ca_pem.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected.encode(), proof.encode()):
            raise UnusableAnswerError("the proof of its root certificate is wrong")
        return ca_pem

    def _read_status(self, record: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
        try:
            says: dict[str, Any] = self._says.load(document)
        except ValidationError as error:
            raise UnusableAnswerError(
                f"its status has bad fields: {', '.join(error.messages_dict)}"
            ) from error
        if says["placement_id"] != record["_id"]:
            raise UnusableAnswerError("another placement answers at its address")
        return says

    async def _answers(self, door: Door, model: str) -> bool:
        """Whether the model generates one token, or a vector where that is all it can do."""
        async with asyncio.timeout(self._answer_deadline_s):
            try:
                asked = {"model": model, "prompt": PROMPT, "stream": False, "options": {"num_predict": 1}}
                said = await door.post("/api/generate", asked)
            except StatusError as error:
                if error.status != 400 or _EMBEDS_ONLY not in error.content:  # noqa: PLR2004 - HTTP's own number
                    raise
                vectors = await door.post("/api/embed", {"model": model, "input": PROMPT, "truncate": True})
                return bool(vectors.get("embeddings"))
        return said.get("done") is True and bool(said.get("eval_count") or said.get("response"))


async def _status(door: Door, *, balanced: bool) -> Mapping[str, Any]:
    try:
        return await door.get("/_flowllama/status")
    except StatusError as error:
        if balanced and error.status in NO_MACHINE:
            raise UnusableAnswerError(NOBODY_READY) from error
        raise


def _lists(record: Mapping[str, Any], tags: Mapping[str, Any]) -> bool:
    """Whether the model is there under its tag, and with its digest where that is known."""
    digest = record.get("model_digest")
    models = tags.get("models")
    for entry in models if isinstance(models, list) else ():
        if isinstance(entry, dict) and _full(entry.get("name")) == _full(record["model"]):
            return digest is None or _bare(entry.get("digest")) == _bare(digest)
    return False


def _full(tag: object) -> str:
    """Ollama writes an omitted version as `latest`."""
    text = str(tag)
    return text if ":" in text.rpartition("/")[2] else f"{text}:latest"


def _bare(digest: object) -> str:
    return str(digest).removeprefix("sha256:")
