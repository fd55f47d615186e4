"""One attempt at one webhook: pinned, bounded in time and size, never redirected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from requests_hardened import Config, HTTPSession
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool

from services.chassis.config import Network
from services.health.webhooks.deadline import Deadline, DeadlineHTTPConnection, DeadlineHTTPSConnection
from services.health.webhooks.targets import RefusedTargetError, Resolver, pin, resolve

LATE = "no answer in time"
USER_AGENT = "FlowLlama-Webhooks/1.0"


@dataclass(frozen=True)
class Answer:
    """What came of an attempt: a status, or in its place the reason why there is none."""

    status: int | None
    error: str | None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - the class of successes


class Sender:
    """Safe for threads: every attempt has a session and a connection of its own."""

    def __init__(
        self, allowed: Sequence[Network], timeout_s: float = 15.0, resolver: Resolver = resolve
    ) -> None:
        self._allowed = allowed
        self._timeout_s = timeout_s
        self._resolver = resolver

    def send(self, url: str, body: str, headers: Mapping[str, str]) -> Answer:
        """Never raises for what the network or the receiver does."""
        sent = {"Content-Type": "application/json", "Connection": "close", **headers}
        with Deadline(self._timeout_s) as deadline:
            answer = self._post(url, body, sent)
            return Answer(None, LATE) if deadline.over else answer

    def _post(self, url: str, body: str, headers: Mapping[str, str]) -> Answer:
        try:
            # The body is never read: only status and headers count, and those http.client bounds.
            with (
                self._session() as session,
                session.post(url, data=body.encode(), headers=headers, stream=True) as response,
            ):
                return Answer(response.status_code, None, CaseInsensitiveDict(response.headers))
        except RefusedTargetError as error:
            return Answer(None, str(error))
        except requests.RequestException as error:
            return Answer(None, _reason(error))

    def _session(self) -> requests.Session:
        timeouts = (min(5.0, self._timeout_s), self._timeout_s)
        session = HTTPSession(
            Config(
                ip_filter_enable=False,  # Our adapters filter, by the same library and the operator's list.
                ip_filter_allow_loopback_ips=False,
                never_redirect=True,
                default_timeout=timeouts,
                user_agent_override=USER_AGENT,
            )
        )
        session.trust_env = False  # No proxy and no netrc of the host's takes part.
        session.mount("https://", _PinningAdapter(self._allowed, self._resolver))
        session.mount("http://", _PinningAdapter(self._allowed, self._resolver))
        return session  # type: ignore[no-any-return]  # requests-hardened has no types.


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = DeadlineHTTPConnection


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = DeadlineHTTPSConnection


class _PinningAdapter(HTTPAdapter):
    """Connects to the address that was judged, under the name that was asked for."""

    def __init__(self, allowed: Sequence[Network], resolver: Resolver) -> None:
        self._allowed = allowed
        self._resolver = resolver
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        host_params, pool_kwargs = super().build_connection_pool_key_attributes(request, verify, cert)
        url = str(request.url)
        parts = urlsplit(url)
        request.headers["Host"] = parts.netloc
        if parts.scheme == "https":
            named: dict[str, Any] = {"assert_hostname": parts.hostname, "server_hostname": parts.hostname}
            pool_kwargs.update(named)  # type: ignore[typeddict-item]  # urllib3 takes both.
        host_params["host"] = pin(url, self._allowed, self._resolver)
        return host_params, pool_kwargs


def _reason(error: requests.RequestException) -> str:
    """A short word for the record: the text of a foreign error may carry addresses."""
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate can't be verified"
    if isinstance(error, requests.Timeout):
        return LATE
    return "no connection, or it broke before an answer"
