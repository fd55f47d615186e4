"""What `network apply` asks Google Cloud for before it builds: whose project it is, and which zones the region has."""

from collections.abc import Callable
from typing import Any

import google.auth
from google.auth.exceptions import GoogleAuthError

from services.agent.gcp_errors import CALL, answering
from services.chassis.errors import InvalidError


def project() -> str:
    """Of GOOGLE_CLOUD_PROJECT, or of the credentials. Raises `InvalidError`."""
    try:
        _, found = google.auth.default()
    except GoogleAuthError as error:
        raise InvalidError(f"google-auth finds no credentials: {error}") from error
    if not found:
        raise InvalidError("the credentials name no project: set GOOGLE_CLOUD_PROJECT")
    return str(found)


def zones(project_id: str, region: str, connect: Callable[[], Any] | None = None) -> list[str]:
    """All that are up. Raises `UnavailableError` where Google refuses to tell."""
    with answering():
        listed = [*(connect or _connect)().list(request={"project": project_id}, **CALL)]
    return sorted(
        zone.name for zone in listed if zone.status == "UP" and zone.region.rpartition("/")[2] == region
    )


def _connect() -> Any:
    from google.cloud.compute_v1 import ZonesClient

    return ZonesClient()
