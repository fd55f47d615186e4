"""What the agent asks of a cloud beside Terraform: list what carries our tags, kind by kind, and remove it.

Each kind has its own Describe call with a filter on its state, because a tagging API still lists what is gone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from services.chassis.logs import get_logger

if TYPE_CHECKING:
    from mypy_boto3_ec2.client import EC2Client

log = get_logger(__name__)

Tags = Mapping[str, str]
# A dependant still lives, or it is gone already: the next look says which.
_LATER = (
    "DependencyViolation",
    "VolumeInUse",
    "InvalidNetworkInterface.InUse",
    "InvalidAttachment.NotFound",
    "IncorrectState",
)


@dataclass(frozen=True)
class Resource:
    """Something in the cloud that carries our tags.

    `attached_to` is the machine it belongs to, and `created_at` its birth; both only where the cloud tells.
    """

    kind: str
    id: str
    tags: Tags
    created_at: datetime | None = None
    attached_to: str | None = None


class Cloud(Protocol):
    def listed(self, region: str, tags: Tags) -> Sequence[Resource]:
        """Everything that carries all these tags and is not gone, of every kind a placement may have."""

    def instances(self, region: str, tags: Tags) -> Sequence[Resource]:
        """Only the machines."""

    def remove(self, region: str, resources: Sequence[Resource]) -> None:
        """Ask for the end of each; that it came is for the next `listed` to show."""


class AwsCloud:
    def __init__(self, connect: "Callable[[str], EC2Client] | None" = None) -> None:
        self._client: Callable[[str], EC2Client] = cache(connect or _connect)

    def listed(self, region: str, tags: Tags) -> Sequence[Resource]:
        ec2, by_tag = self._client(region), _filters(tags)
        return [
            *self.instances(region, tags),
            *_found("spot_request", "SpotInstanceRequestId", _spot_requests(ec2, by_tag), "CreateTime"),
            *_found("volume", "VolumeId", _volumes(ec2, by_tag), "CreateTime"),
            *_found("network_interface", "NetworkInterfaceId", _network_interfaces(ec2, by_tag)),
            *_found("security_group", "GroupId", _security_groups(ec2, by_tag)),
        ]

    def instances(self, region: str, tags: Tags) -> Sequence[Resource]:
        return _found(
            "instance", "InstanceId", _instances(self._client(region), _filters(tags)), "LaunchTime"
        )

    def remove(self, region: str, resources: Sequence[Resource]) -> None:
        removals = _removals(self._client(region))
        # Whoever depends on another goes first; the order is that of the table.
        for kind, removal in removals.items():
            for resource in resources:
                if resource.kind == kind:
                    _try(removal, resource)


def _connect(region: str) -> "EC2Client":
    config = Config(connect_timeout=3, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 4})
    return boto3.client("ec2", region_name=region, config=config)


def _filters(tags: Tags) -> list[Any]:
    return [{"Name": f"tag:{name}", "Values": [value]} for name, value in sorted(tags.items())]


def _instances(ec2: "EC2Client", by_tag: list[Any]) -> list[Any]:
    alive = ["pending", "running", "shutting-down", "stopping", "stopped"]
    pages = ec2.get_paginator("describe_instances").paginate(
        Filters=[*by_tag, {"Name": "instance-state-name", "Values": alive}]
    )
    return [
        instance
        for page in pages
        for reservation in page["Reservations"]
        for instance in reservation["Instances"]
    ]


def _spot_requests(ec2: "EC2Client", by_tag: list[Any]) -> list[Any]:
    pages = ec2.get_paginator("describe_spot_instance_requests").paginate(
        Filters=[*by_tag, {"Name": "state", "Values": ["open", "active"]}]
    )
    return [request for page in pages for request in page["SpotInstanceRequests"]]


def _volumes(ec2: "EC2Client", by_tag: list[Any]) -> list[Any]:
    alive = ["creating", "available", "in-use", "error"]
    pages = ec2.get_paginator("describe_volumes").paginate(
        Filters=[*by_tag, {"Name": "status", "Values": alive}]
    )
    return [volume for page in pages for volume in page["Volumes"]]


def _network_interfaces(ec2: "EC2Client", by_tag: list[Any]) -> list[Any]:
    pages = ec2.get_paginator("describe_network_interfaces").paginate(Filters=by_tag)
    return [interface for page in pages for interface in page["NetworkInterfaces"]]


def _security_groups(ec2: "EC2Client", by_tag: list[Any]) -> list[Any]:
    pages = ec2.get_paginator("describe_security_groups").paginate(Filters=by_tag)
    return [group for page in pages for group in page["SecurityGroups"]]


def _found(kind: str, id_name: str, raw: list[Any], created: str | None = None) -> list[Resource]:
    return [
        Resource(
            kind=kind,
            id=entry[id_name],
            tags={tag["Key"]: tag["Value"] for tag in entry.get("Tags") or entry.get("TagSet") or ()},
            created_at=entry.get(created) if created else None,
            attached_to=_machine_of(entry) if kind != "instance" else None,
        )
        for entry in raw
    ]


def _machine_of(entry: Mapping[str, Any]) -> str | None:
    """Each kind says it in its own place: a spot request, a network interface, a volume."""
    attachments = [entry, entry.get("Attachment") or {}, *(entry.get("Attachments") or ())]
    return next((a["InstanceId"] for a in attachments if a.get("InstanceId")), None)


def _removals(ec2: "EC2Client") -> Mapping[str, Callable[[str], object]]:
    return {
        "spot_request": lambda id_: ec2.cancel_spot_instance_requests(SpotInstanceRequestIds=[id_]),
        "instance": lambda id_: ec2.terminate_instances(InstanceIds=[id_]),
        "volume": lambda id_: ec2.delete_volume(VolumeId=id_),
        "network_interface": lambda id_: ec2.delete_network_interface(NetworkInterfaceId=id_),
        "security_group": lambda id_: ec2.delete_security_group(GroupId=id_),
    }


def _try(removal: Callable[[str], object], resource: Resource) -> None:
    try:
        removal(resource.id)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code not in _LATER and not code.endswith(".NotFound"):
            raise
        log.info("removal_later", kind=resource.kind, id=resource.id, code=code)
    else:
        log.info("resource_removed", kind=resource.kind, id=resource.id)
