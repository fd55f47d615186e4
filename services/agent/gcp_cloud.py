"""Google Cloud behind the same port as AWS: list what is ours, kind by kind, and remove it.

Credentials are the library's own business. Its Compute client takes seconds and 90 MB to load, so it is loaded with the
first question and not with this module.
"""

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

import google.auth
from google.api_core.exceptions import GoogleAPICallError
from google.auth.transport.requests import AuthorizedSession

from services.agent import gcp_kinds, gcp_records
from services.agent.gcp_errors import answering, is_later
from services.agent.gcp_kinds import Connect, Kind
from services.agent.resource import Place, RecordName, Resource, Tags
from services.chassis.logs import get_logger

log = get_logger(__name__)


class GcpCloud:
    """`connect` makes the client of that name, `session` what speaks to Cloud DNS at its endpoint."""

    def __init__(
        self,
        connect: Connect | None = None,
        session: Any = None,
        dns_endpoint: str = gcp_records.ENDPOINT,
    ) -> None:
        self._client: Connect = cache(connect or _connect)
        self._session, self._dns = session, dns_endpoint

    def listed(self, place: Place, tags: Tags, kinds: Collection[str]) -> Sequence[Resource]:
        with answering():
            return [
                found
                for kind in gcp_kinds.TABLE
                if kind.name in kinds
                for found in gcp_kinds.listed(self._client, kind, place, tags)
            ]

    def records(self, place: Place, names: Sequence[RecordName]) -> Sequence[Resource]:
        if not names:
            return ()
        with answering():
            return gcp_records.listed(self._dns_session(), self._dns, place, names)

    def remove(self, place: Place, resources: Sequence[Resource]) -> None:  # noqa: ARG002 - an id says it
        """One step of each chain: Google takes nothing away that is used, so what is used goes with a later look.

        What hangs on something that is to go is left to that: a group would only make another machine, and a machine takes
        its disk along.
        """
        going = {resource.id for resource in resources}
        with answering():
            for kind in gcp_kinds.TABLE:
                for resource in resources:
                    if resource.kind == kind.name and resource.attached_to not in going:
                        self._try(kind, resource)
            for resource in resources:
                if resource.kind == gcp_records.KIND:
                    gcp_records.remove(self._dns_session(), self._dns, resource.id)

    def _try(self, kind: Kind, resource: Resource) -> None:
        try:
            gcp_kinds.remove(self._client, kind, resource.id)
        except GoogleAPICallError as error:
            if not is_later(error):
                raise
            log.info("removal_later", kind=resource.kind, id=resource.id, error=str(error)[:200])
        else:
            log.info("resource_removed", kind=resource.kind, id=resource.id)

    def _dns_session(self) -> Any:
        if self._session is None:
            self._session = _session()
        return self._session


def _connect(name: str) -> Any:
    from google.cloud import compute_v1

    return getattr(compute_v1, name)()


def _session() -> Any:
    credentials, _ = google.auth.default(scopes=[gcp_records.SCOPE])
    return AuthorizedSession(credentials)  # type: ignore[no-untyped-call]  # google-auth has no types.
