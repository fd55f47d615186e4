"""Requests to one instance or balancer: a literal address, known roots, no redirect, a cap on bytes."""

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

MAX_BYTES = 65_536
UNVERIFIED = False  # What aiohttp takes for "no verification"; used for first contact only.


class UnusableAnswerError(Exception):
    """The instance answered, but not as it should; the text is the reason a record shows."""


@dataclass(frozen=True)
class Door:
    """The way to one instance. `tls` is its pinned root, or `UNVERIFIED`.

    A balancer has a `name`, too: its certificate is for that, and `authority` is the address that the name led to.
    """

    session: aiohttp.ClientSession
    authority: str
    tls: "ssl.SSLContext | bool"
    token: str | None = None
    name: str | None = None

    async def get(self, path: str) -> Mapping[str, Any]:
        """The JSON object at a path. Raises `UnusableAnswerError`, or what aiohttp raises."""
        return await self._ask("GET", path, None)

    async def post(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return await self._ask("POST", path, body)

    async def _ask(self, method: str, path: str, body: Mapping[str, Any] | None) -> Mapping[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if self.name is not None:
            headers["Host"] = f"{self.name}:{self.authority.rpartition(':')[2]}"
        async with self.session.request(
            method,
            f"https://{self.authority}{path}",
            json=body,
            headers=headers,
            ssl=self.tls,
            server_hostname=self.name,
            allow_redirects=False,
        ) as answer:
            content = await _read(answer)
            if answer.status != 200:  # noqa: PLR2004 - HTTP's own number
                raise StatusError(path, answer.status, content)
        return _object(path, content)


class StatusError(UnusableAnswerError):
    """Any status but 200, a redirect too."""

    def __init__(self, path: str, status: int, content: bytes) -> None:
        super().__init__(f"{path} answered {status}")
        self.status = status
        self.content = content


def open_session(connections: int, keepalive_s: float) -> aiohttp.ClientSession:
    """A session for many instances; `connections` bounds those in use, idle ones come on top.

    Bodies are never decompressed: a small one can't become a large one.
    """
    connector = aiohttp.TCPConnector(limit=connections, keepalive_timeout=keepalive_s)
    return aiohttp.ClientSession(
        connector=connector,
        auto_decompress=False,
        headers={"Accept-Encoding": "identity", "User-Agent": "flowllama-health/1"},
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),  # The caller's deadline covers the whole look.
    )


def trusting(ca_pem: str) -> ssl.SSLContext:
    """Verify against this root and nothing else, the address in the certificate included.

    Raises `UnusableAnswerError` for a text that is no certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=ca_pem)
    except (ssl.SSLError, ValueError) as error:
        raise UnusableAnswerError("its root certificate can't be read") from error
    return context


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for chunk in answer.content.iter_any():
        content += chunk
        if len(content) > MAX_BYTES:
            answer.close()
            raise UnusableAnswerError(f"it answered with more than {MAX_BYTES} bytes")
    return bytes(content)


def _object(path: str, content: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UnusableAnswerError(f"{path} did not answer with JSON") from error
    if not isinstance(found, dict):
        raise UnusableAnswerError(f"{path} did not answer with an object")
    return found
