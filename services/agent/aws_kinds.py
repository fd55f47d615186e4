"""What a placement may leave behind on AWS, kind by kind: how each is found by our tags, and how it ends.

Each kind has its own Describe call, on its state where there is one, because a tagging API still lists what is gone.
A scaling group comes first, or it would launch again what is terminated below it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from services.agent.resource import Resource, Tags

GROUP_TAG = "aws:autoscaling:groupName"  # EC2 puts it on the machines of a scaling group.
_TAGS_ASKED_AT_ONCE = 20  # The balancers' DescribeTags takes no more.


@dataclass(frozen=True)
class Kind:
    """`service` is boto3's name of the client that both functions get."""

    name: str
    service: str
    listed: Callable[[Any, Tags], list[Resource]]
    remove: Callable[[Any, str], object]


def _scaling_groups(client: Any, tags: Tags) -> list[Resource]:
    pages = client.get_paginator("describe_auto_scaling_groups").paginate(Filters=_filters(tags))
    return [
        Resource("scaling_group", group["AutoScalingGroupName"], _tags(group), group["CreatedTime"])
        for page in pages
        for group in page["AutoScalingGroups"]
    ]


def _spot_requests(ec2: Any, tags: Tags) -> list[Resource]:
    alive = {"Name": "state", "Values": ["open", "active"]}
    pages = ec2.get_paginator("describe_spot_instance_requests").paginate(Filters=[*_filters(tags), alive])
    requests = (request for page in pages for request in page["SpotInstanceRequests"])
    return [_found("spot_request", request, "SpotInstanceRequestId", "CreateTime") for request in requests]


def _instances(ec2: Any, tags: Tags) -> list[Resource]:
    states = ["pending", "running", "shutting-down", "stopping", "stopped"]
    alive = {"Name": "instance-state-name", "Values": states}
    pages = ec2.get_paginator("describe_instances").paginate(Filters=[*_filters(tags), alive])
    instances = (
        i for page in pages for reservation in page["Reservations"] for i in reservation["Instances"]
    )
    return [
        Resource("instance", i["InstanceId"], _tags(i), i.get("LaunchTime"), _tags(i).get(GROUP_TAG))
        for i in instances
    ]


def _load_balancers(client: Any, tags: Tags) -> list[Resource]:
    pages = client.get_paginator("describe_load_balancers").paginate()
    born = {one["LoadBalancerArn"]: one.get("CreatedTime") for page in pages for one in page["LoadBalancers"]}
    return [Resource("load_balancer", arn, its, born[arn]) for arn, its in _tagged(client, [*born], tags)]


def _target_groups(client: Any, tags: Tags) -> list[Resource]:
    pages = client.get_paginator("describe_target_groups").paginate()
    arns = [group["TargetGroupArn"] for page in pages for group in page["TargetGroups"]]
    return [Resource("target_group", arn, its) for arn, its in _tagged(client, arns, tags)]


def _launch_templates(ec2: Any, tags: Tags) -> list[Resource]:
    pages = ec2.get_paginator("describe_launch_templates").paginate(Filters=_filters(tags))
    templates = (template for page in pages for template in page["LaunchTemplates"])
    return [_found("launch_template", template, "LaunchTemplateId", "CreateTime") for template in templates]


def _volumes(ec2: Any, tags: Tags) -> list[Resource]:
    alive = {"Name": "status", "Values": ["creating", "available", "in-use", "error"]}
    pages = ec2.get_paginator("describe_volumes").paginate(Filters=[*_filters(tags), alive])
    return [
        _found("volume", volume, "VolumeId", "CreateTime") for page in pages for volume in page["Volumes"]
    ]


def _network_interfaces(ec2: Any, tags: Tags) -> list[Resource]:
    pages = ec2.get_paginator("describe_network_interfaces").paginate(Filters=_filters(tags))
    return [
        _found("network_interface", one, "NetworkInterfaceId")
        for page in pages
        for one in page["NetworkInterfaces"]
    ]


def _security_groups(ec2: Any, tags: Tags) -> list[Resource]:
    pages = ec2.get_paginator("describe_security_groups").paginate(Filters=_filters(tags))
    return [_found("security_group", group, "GroupId") for page in pages for group in page["SecurityGroups"]]


def _filters(tags: Tags) -> list[Any]:
    return [{"Name": f"tag:{name}", "Values": [value]} for name, value in sorted(tags.items())]


def _found(kind: str, entry: Mapping[str, Any], id_name: str, created: str | None = None) -> Resource:
    born = entry.get(created) if created else None
    return Resource(kind, entry[id_name], _tags(entry), born, _machine_of(entry))


def _tags(entry: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in entry.get("Tags") or entry.get("TagSet") or ()}


def _machine_of(entry: Mapping[str, Any]) -> str | None:
    """Each kind says it in its own place: a spot request, a network interface, a volume."""
    attachments = [entry, entry.get("Attachment") or {}, *(entry.get("Attachments") or ())]
    return next((a["InstanceId"] for a in attachments if a.get("InstanceId")), None)


def _tagged(client: Any, arns: Sequence[str], tags: Tags) -> Iterator[tuple[str, Tags]]:
    """Balancers and their target groups can't be listed by tag: all of the region are asked for theirs."""
    for start in range(0, len(arns), _TAGS_ASKED_AT_ONCE):
        for arn, its in _tags_of(client, arns[start : start + _TAGS_ASKED_AT_ONCE]):
            if tags.items() <= its.items():
                yield arn, its


def _tags_of(client: Any, arns: Sequence[str]) -> list[tuple[str, Tags]]:
    """One that has gone since it was listed fails the whole question; then each is asked about alone."""
    try:
        described = client.describe_tags(ResourceArns=list(arns))["TagDescriptions"]
    except ClientError as error:
        if not error.response.get("Error", {}).get("Code", "").endswith("NotFound"):
            raise
        return [] if len(arns) == 1 else [found for arn in arns for found in _tags_of(client, [arn])]
    return [(one["ResourceArn"], _tags(one)) for one in described]


TABLE = (
    Kind(
        "scaling_group",
        "autoscaling",
        _scaling_groups,
        lambda client, id_: client.delete_auto_scaling_group(AutoScalingGroupName=id_, ForceDelete=True),
    ),
    Kind(
        "spot_request",
        "ec2",
        _spot_requests,
        lambda ec2, id_: ec2.cancel_spot_instance_requests(SpotInstanceRequestIds=[id_]),
    ),
    Kind("instance", "ec2", _instances, lambda ec2, id_: ec2.terminate_instances(InstanceIds=[id_])),
    # Its listeners go with it.
    Kind(
        "load_balancer",
        "elbv2",
        _load_balancers,
        lambda client, id_: client.delete_load_balancer(LoadBalancerArn=id_),
    ),
    Kind(
        "target_group",
        "elbv2",
        _target_groups,
        lambda client, id_: client.delete_target_group(TargetGroupArn=id_),
    ),
    Kind(
        "launch_template",
        "ec2",
        _launch_templates,
        lambda ec2, id_: ec2.delete_launch_template(LaunchTemplateId=id_),
    ),
    Kind("volume", "ec2", _volumes, lambda ec2, id_: ec2.delete_volume(VolumeId=id_)),
    Kind(
        "network_interface",
        "ec2",
        _network_interfaces,
        lambda ec2, id_: ec2.delete_network_interface(NetworkInterfaceId=id_),
    ),
    Kind("security_group", "ec2", _security_groups, lambda ec2, id_: ec2.delete_security_group(GroupId=id_)),
)
