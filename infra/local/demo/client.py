"""FlowLlama's public API as a user's program calls it."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import requests
from ulid import ULID

POLL_S = 0.25
_TRY_AGAIN = (502, 503)
Body = dict[str, Any]


class RefusedError(Exception):
    """An answer that is not 2xx: its status and problem document."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(f"{status}: {problem.get('detail') or problem.get('title')}")
        self.status = status
        self.problem = problem


class Client:
    """One signed-in user."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._session = requests.Session()

    def register_and_sign_in(self) -> str:
        """A fresh account with a random password; returns its e-mail address."""
        email, password = f"demo-{str(ULID()).lower()}@example.com", f"demo {ULID()} passphrase"
        self.call("POST", "/api/auth/register", {"email": email, "password": password})
        self.sign_in(email, password)
        return email

    def sign_in(self, email: str, password: str) -> None:
        tokens = self.call("POST", "/api/auth/login", {"email": email, "password": password})
        self._session.headers["Authorization"] = f"Bearer {tokens['access_token']}"

    def estimate(self, **workload: Any) -> Body:
        return self.call("POST", "/api/pricing/estimate", workload)

    def create(self, *, key: str | None = None, **body: Any) -> Body:
        return self.call("POST", "/api/deployments", body, {"Idempotency-Key": key} if key else {})

    def set_budget(self, monthly_usd: str) -> Body:
        return self.call("PUT", "/api/budget", {"monthly_usd": monthly_usd})

    def get(self, deployment_id: str) -> Body:
        return self.call("GET", f"/api/deployments/{deployment_id}")

    def delete(self, deployment_id: str) -> Body:
        return self.call("DELETE", f"/api/deployments/{deployment_id}")

    def events(self, deployment_id: str) -> list[Body]:
        items: list[Body] = self.call("GET", f"/api/deployments/{deployment_id}/events")["items"]
        return items

    def wait_until(
        self,
        deployment_id: str,
        reached: Callable[[Body], bool],
        *,
        within_s: float,
        seen: Callable[[Body], None] = lambda _: None,
    ) -> Body:
        """Poll until `reached`; `seen` gets every answer. Raises TimeoutError with where it stood.

        A service that is just being started again is waited for, as the edge asks its callers to.
        """
        deadline = time.monotonic() + within_s
        while True:
            try:
                deployment = self.get(deployment_id)
                stands = f"{deployment['status']} ({deployment['reason']}: {deployment['detail']})"
                seen(deployment)
                if reached(deployment):
                    return deployment
            except RefusedError as refused:
                if refused.status not in _TRY_AGAIN:
                    raise
                stands = str(refused)
            if time.monotonic() > deadline:
                raise TimeoutError(f"{deployment_id} is {stands} after {within_s} s")
            time.sleep(POLL_S)

    def wait_for(self, deployment_id: str, *statuses: str, within_s: float) -> Body:
        return self.wait_until(deployment_id, lambda d: d["status"] in statuses, within_s=within_s)

    def call(
        self, method: str, path: str, body: Body | None = None, headers: Mapping[str, str] | None = None
    ) -> Body:
        """The JSON answer. Raises `RefusedError`."""
        answer = self._session.request(
            method, f"{self._address}{path}", json=body, headers=headers, timeout=30, allow_redirects=False
        )
        document: Body = answer.json() if answer.content else {}
        if not answer.ok:
            raise RefusedError(answer.status_code, document)
        return document
