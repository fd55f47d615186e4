"""The names of balanced placements in Cloud DNS, found by name: a record carries no label.

Cloud DNS has no client among our packages and needs two calls, so it is asked over its JSON API.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from services.agent.gcp_errors import TIMEOUT_S
from services.agent.resource import Place, RecordName, Resource

KIND = "dns_record"
ENDPOINT = "https://dns.googleapis.com/dns/v1"
SCOPE = "https://www.googleapis.com/auth/ndev.clouddns.readwrite"
_TYPE = "A"
_GONE = 404


def listed(session: Any, endpoint: str, place: Place, names: Sequence[RecordName]) -> list[Resource]:
    """Those of the names that have a record. A zone that is gone has none."""
    ids = [f"projects/{place.account}/managedZones/{name.zone}/rrsets/{name.host}./{_TYPE}" for name in names]
    return [Resource(KIND, id_, {}) for id_ in ids if _ask(session, "GET", endpoint, id_)]


def remove(session: Any, endpoint: str, id_: str) -> None:
    """Raises requests' errors; that it is gone already is none."""
    _ask(session, "DELETE", endpoint, id_)


def _ask(session: Any, method: str, endpoint: str, id_: str) -> bool:
    """Whether it is there. The id is that of Terraform's state, and the path in the API as well."""
    answer = session.request(method, f"{endpoint}/{quote(id_)}", timeout=TIMEOUT_S)
    if answer.status_code == _GONE:
        return False
    answer.raise_for_status()
    return True
