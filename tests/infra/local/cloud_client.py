"""The cloud emulator seen from outside: EC2's API, the control door, and the instances themselves."""

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import requests
from botocore.config import Config

from tests.infra.local.builders import USER_TOKEN, instance_json, user_data

MODEL = "llama3.2:1b"
PATIENCE_S = 15.0
START_WITHIN_S = 60.0  # Seconds on an idle machine; other tests run beside these.


@dataclass
class Cloud:
    url: str
    ec2: Any
    subnet: str
    group: str

    def launch(self, document: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = self.ec2.run_instances(
            ImageId="ami-12345678",
            InstanceType="t3.small",
            MinCount=1,
            MaxCount=1,
            NetworkInterfaces=[
                {
                    "DeviceIndex": 0,
                    "SubnetId": self.subnet,
                    "Groups": [self.group],
                    "AssociatePublicIpAddress": True,
                }
            ],
            # boto3 encodes once more what Terraform's provider sends as it is.
            UserData=base64.b64decode(user_data(document or instance_json())),
        )
        instance: dict[str, Any] = answer["Instances"][0]
        return instance

    def ready(self) -> dict[str, Any]:
        instance = self.launch()
        await_that(lambda: self.seen(instance).get("phase") == "ready")
        return instance

    def seen(self, instance: dict[str, Any]) -> dict[str, Any]:
        listed = requests.get(f"{self.url}/_fleet/instances", timeout=5).json()["instances"]
        found: dict[str, Any] = next(
            (one for one in listed if one["instance_id"] == instance["InstanceId"]), {}
        )
        return found

    def control(self, instance: dict[str, Any], action: str, **body: Any) -> int:
        url = f"{self.url}/_fleet/instances/{instance['InstanceId']}/{action}"
        return requests.post(url, json=body, timeout=5).status_code

    def arm(self, **fault: Any) -> None:
        assert requests.post(f"{self.url}/_fleet/faults", json=fault, timeout=5).status_code == 200

    def described(self, instance: dict[str, Any]) -> dict[str, Any]:
        answer = self.ec2.describe_instances(InstanceIds=[instance["InstanceId"]])
        found: dict[str, Any] = answer["Reservations"][0]["Instances"][0]
        return found


def ask(
    instance: dict[str, Any], method: str, path: str, *, token: str | None = USER_TOKEN, **how: Any
) -> requests.Response:
    url = f"https://{instance['PrivateIpAddress']}:11434{path}"
    with requests.Session() as session:
        session.trust_env = False  # A CA bundle named in the environment would overrule verify.
        session.verify = False
        return session.request(method, url, headers=bearer(token), timeout=how.pop("timeout", 5), **how)


def reaches(instance: dict[str, Any]) -> bool:
    try:
        return ask(instance, "GET", "/api/tags").status_code == 200
    except requests.ConnectionError:
        return False


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=1).status_code == 200
    except requests.ConnectionError:
        return False


def await_that(condition: Callable[[], bool], within_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


def with_network(url: str, network: str) -> Cloud:
    """`network` is the first two octets: emulators that run at once must not share addresses."""
    ec2 = boto3.client(
        "ec2",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=5),
    )
    vpc = ec2.create_vpc(CidrBlock=f"{network}.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=f"{network}.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="door", Description="door", VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=ingress("127.0.0.0/8"))
    return Cloud(url, ec2, subnet, group)


def ingress(cidr: str) -> list[Any]:
    return [{"IpProtocol": "tcp", "FromPort": 11434, "ToPort": 11434, "IpRanges": [{"CidrIp": cidr}]}]


def running(cloud: Cloud) -> list[Any]:
    filters = [{"Name": "instance-state-name", "Values": ["running"]}]
    answer = cloud.ec2.describe_instances(Filters=filters)
    return [one for reservation in answer["Reservations"] for one in reservation["Instances"]]


def bearer(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def ca_file(address: str, folder: Path) -> str:
    with requests.Session() as session:
        session.trust_env = False
        document = session.get(f"https://{address}:11434/_flowllama/ca", verify=False, timeout=5).json()
    file = folder / "ca.pem"
    file.write_text(document["ca_pem"])
    return str(file)
