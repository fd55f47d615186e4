"""What the cloud itself says is left of a deployment: one Describe call per kind, by tag."""

from typing import Any

import boto3

TAG = "flowllama-deployment"


def remains(deployment_id: str, region: str) -> list[str]:
    """Ids of everything that still exists. Instances that are shutting down no longer cost; terminated ones
    are listed by AWS for an hour and don't exist.
    """
    ec2 = boto3.client("ec2", region_name=region)
    ours: Any = [{"Name": f"tag:{TAG}", "Values": [deployment_id]}]
    alive: Any = {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}
    found: list[str] = []
    for page in ec2.get_paginator("describe_instances").paginate(Filters=[*ours, alive]):
        found += [i["InstanceId"] for r in page["Reservations"] for i in r["Instances"]]
    found += [v["VolumeId"] for v in ec2.describe_volumes(Filters=ours)["Volumes"]]
    found += [g["GroupId"] for g in ec2.describe_security_groups(Filters=ours)["SecurityGroups"]]
    found += [
        n["NetworkInterfaceId"] for n in ec2.describe_network_interfaces(Filters=ours)["NetworkInterfaces"]
    ]
    spot = ec2.describe_spot_instance_requests(Filters=ours)["SpotInstanceRequests"]
    found += [s["SpotInstanceRequestId"] for s in spot if s["State"] in ("open", "active")]
    return found
