"""The names of balanced placements in Route 53, found by name: a record carries no tag.

One that a killed run left behind would not only dangle: Terraform refuses to make a record that is there.
"""

from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError

from services.agent.resource import RecordName, Resource

KIND = "dns_record"
_TYPE = "A"


def listed(route53: Any, names: Sequence[RecordName]) -> list[Resource]:
    """Those of the names that have a record. A zone that is gone has none."""
    return [
        Resource(KIND, _id_of(name), {})
        for name in names
        if _record(route53, name.zone, name.host) is not None
    ]


def remove(route53: Any, id_: str) -> None:
    """Route 53 deletes only what it is told word for word, so the record is read again."""
    zone, host, _ = id_.split("_")
    record = _record(route53, zone, host)
    if record is not None:
        change = {"Action": "DELETE", "ResourceRecordSet": record}
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})


def _id_of(name: RecordName) -> str:
    """As Terraform's state has it, so that a takeover knows its own."""
    return f"{name.zone}_{name.host}_{_TYPE}"


def _record(route53: Any, zone: str, host: str) -> Any:
    try:
        found = route53.list_resource_record_sets(
            HostedZoneId=zone, StartRecordName=host, StartRecordType=_TYPE, MaxItems="1"
        )["ResourceRecordSets"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "NoSuchHostedZone":
            return None
        raise
    is_it = bool(found) and found[0]["Name"].rstrip(".") == host and found[0]["Type"] == _TYPE
    return found[0] if is_it else None
