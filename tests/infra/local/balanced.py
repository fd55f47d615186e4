"""Two machines in a scaling group behind a balancer, built through the emulator's own API as Terraform would."""

import base64
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import boto3
import requests

from infra.local import certificate
from tests.infra.local.builders import USER_TOKEN, instance_json, user_data
from tests.infra.local.cloud_client import Cloud, bearer, ingress

REGION = "us-east-1"
PORT = 11434
CALLER = "127.0.0.1"
GROUP = "replicas"


@dataclass
class Balanced:
    cloud: Cloud
    address: str
    roots: Path
    elbv2: Any
    autoscaling: Any

    def ask(self, method: str, path: str, *, token: str | None = USER_TOKEN, **how: Any) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            session.verify = str(self.roots)
            url = f"https://{self.address}:{PORT}{path}"
            return session.request(method, url, headers=bearer(token), timeout=5, **how)

    def ask_from(self, source: str) -> int:
        """The status of the ready path, asked from another address of the loopback."""
        context = ssl.create_default_context(cafile=str(self.roots))
        connection = HTTPSConnection(
            self.address, PORT, timeout=5, context=context, source_address=(source, 0)
        )
        connection.request("GET", "/_flowllama/ready")
        return connection.getresponse().status

    def targets(self) -> Mapping[str, bool]:
        """Which machines are behind it, and whether each is ready."""
        listed = requests.get(f"{self.cloud.url}/_fleet/balancers", timeout=5).json()["balancers"]
        found = next((one for one in listed if one["address"] == self.address), {"targets": []})
        return {one["instance_id"]: one["ready"] for one in found["targets"]}

    def is_complete(self) -> bool:
        targets = self.targets()
        return len(targets) == 2 and all(targets.values())


def build(cloud: Cloud, root_file: Path, roots: Path) -> Balanced:
    client = _clients(cloud.url)
    elbv2, autoscaling, ec2 = client("elbv2"), client("autoscaling"), cloud.ec2
    vpc = ec2.describe_subnets(SubnetIds=[cloud.subnet])["Subnets"][0]["VpcId"]
    before = _group(ec2, vpc, "before", ingress(f"{CALLER}/32"))
    machines = _group(ec2, vpc, "machines", _from_group(before))
    _template(ec2, machines)
    target_group = elbv2.create_target_group(
        Name="replicas", Protocol="HTTPS", Port=PORT, VpcId=vpc, HealthCheckPath="/_flowllama/ready"
    )["TargetGroups"][0]["TargetGroupArn"]
    balancer = elbv2.create_load_balancer(Name="replicas", Subnets=[cloud.subnet], SecurityGroups=[before])[
        "LoadBalancers"
    ][0]
    elbv2.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTPS",
        Port=PORT,
        Certificates=[{"CertificateArn": _certificate(client("acm"), root_file)}],
        DefaultActions=[{"Type": "forward", "TargetGroupArn": target_group}],
    )
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName=GROUP,
        LaunchTemplate={"LaunchTemplateName": "replicas", "Version": "$Latest"},
        MinSize=2,
        MaxSize=3,
        VPCZoneIdentifier=cloud.subnet,
        TargetGroupARNs=[target_group],
    )
    return Balanced(cloud, balancer["DNSName"], roots, elbv2, autoscaling)


def _clients(url: str) -> Any:
    def client(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    return client


def _certificate(acm: Any, root_file: Path) -> str:
    root = certificate.read_root(root_file)
    arn = certificate.ensure(acm, root)
    assert certificate.ensure(acm, root) == arn, "it is imported once"
    return arn


def _group(ec2: Any, vpc: str, name: str, rules: list[Any]) -> str:
    group: str = ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rules)
    return group


def _from_group(group: str) -> list[Any]:
    rule = {"IpProtocol": "tcp", "FromPort": PORT, "ToPort": PORT, "UserIdGroupPairs": [{"GroupId": group}]}
    return [rule]


def _template(ec2: Any, group: str) -> None:
    ec2.create_launch_template(
        LaunchTemplateName="replicas",
        LaunchTemplateData={
            "ImageId": "ami-12345678",
            "InstanceType": "t3.small",
            "NetworkInterfaces": [{"DeviceIndex": 0, "Groups": [group], "AssociatePublicIpAddress": True}],
            "UserData": base64.b64encode(base64.b64decode(user_data(instance_json()))).decode(),
        },
    )
