"""The clouds that this agent builds in: each is tried before anything is promised."""

from collections.abc import Callable, Collection, Mapping

import boto3
import google.auth
from google.auth.exceptions import GoogleAuthError

from contracts import vocabulary
from services.agent.cloud import AwsCloud, Cloud
from services.chassis.errors import InvalidError


def connect(wanted: Collection[vocabulary.Cloud]) -> Mapping[str, Cloud]:
    """Raises `InvalidError` for one that there are no credentials for."""
    return {cloud.value: _CONNECT[cloud]() for cloud in sorted(wanted)}


def _aws() -> Cloud:
    if boto3.session.Session().get_credentials() is None:
        raise InvalidError("this agent is to build on aws, and boto3 finds no credentials for it")
    return AwsCloud()


def _gcp() -> Cloud:
    try:
        google.auth.default()
    except GoogleAuthError as error:
        raise InvalidError(
            f"this agent is to build on gcp, and google-auth finds no credentials for it: {error}"
        ) from error
    # What speaks to Google takes time and memory to load: only an agent that builds there pays for it.
    from services.agent.gcp_cloud import GcpCloud

    return GcpCloud()


_CONNECT: Mapping[vocabulary.Cloud, Callable[[], Cloud]] = {
    vocabulary.Cloud.AWS: _aws,
    vocabulary.Cloud.GCP: _gcp,
}
