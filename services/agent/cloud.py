"""What the agent asks of a cloud beside Terraform: list what is ours, kind by kind, and remove it."""

from collections.abc import Callable, Collection, Sequence
from functools import cache
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from services.agent import aws_kinds, aws_records
from services.agent.resource import Place, RecordName, Resource, Tags
from services.chassis.logs import get_logger

log = get_logger(__name__)

Connect = Callable[[str, str], Any]

# A dependant still lives, or it is gone already: the next look says which.
_LATER = (
    "DependencyViolation",
    "VolumeInUse",
    "InvalidNetworkInterface.InUse",
    "InvalidAttachment.NotFound",
    "IncorrectState",
    "ResourceInUse",
    "ResourceContention",
    "ScalingActivityInProgress",
    "PriorRequestNotComplete",
    "InvalidChangeBatch",
)
# Of an interface only the words say so: its machine, or a balancer, is still going.
_IN_USE = "is currently in use"
_ANYWHERE = "us-east-1"  # Route 53 has no regions.


class Cloud(Protocol):
    def listed(self, place: Place, tags: Tags, kinds: Collection[str]) -> Sequence[Resource]:
        """Everything of these kinds that carries all these tags and is not gone."""

    def records(self, place: Place, names: Sequence[RecordName]) -> Sequence[Resource]:
        """Those of these names that are recorded."""

    def remove(self, place: Place, resources: Sequence[Resource]) -> None:
        """Ask for the end of each, dependants first; that it came is for the next `listed` to show."""


class AwsCloud:
    """`connect` makes the client of a service in a region."""

    def __init__(self, connect: Connect | None = None) -> None:
        self._client: Connect = cache(connect or _connect)

    def listed(self, place: Place, tags: Tags, kinds: Collection[str]) -> Sequence[Resource]:
        return [
            found
            for kind in aws_kinds.TABLE
            if kind.name in kinds
            for found in kind.listed(self._client(kind.service, place.region), tags)
        ]

    def records(self, place: Place, names: Sequence[RecordName]) -> Sequence[Resource]:  # noqa: ARG002 - no regions there
        return aws_records.listed(self._client("route53", _ANYWHERE), names) if names else ()

    def remove(self, place: Place, resources: Sequence[Resource]) -> None:
        # Whoever depends on another goes first; the order is that of the table.
        for kind in aws_kinds.TABLE:
            for resource in resources:
                if resource.kind == kind.name:
                    _try(kind.remove, self._client(kind.service, place.region), resource)
        for resource in resources:
            if resource.kind == aws_records.KIND:
                _try(aws_records.remove, self._client("route53", _ANYWHERE), resource)


def _connect(service: str, region: str) -> Any:
    config = Config(connect_timeout=3, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 4})
    connect: Any = boto3.client
    return connect(service, region_name=region, config=config)


def _try(removal: Callable[[Any, str], object], client: Any, resource: Resource) -> None:
    try:
        removal(client, resource.id)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        words = error.response.get("Error", {}).get("Message", "")
        if not (code in _LATER or _IN_USE in words or _is_gone(code, words)):
            raise
        log.info("removal_later", kind=resource.kind, id=resource.id, code=code)
    else:
        log.info("resource_removed", kind=resource.kind, id=resource.id)


def _is_gone(code: str, words: str) -> bool:
    """EC2 and the balancers have codes for it; of a scaling group only the words say so."""
    return code.endswith(("NotFound", "NotFoundException")) or (
        code == "ValidationError" and "not found" in words
    )
