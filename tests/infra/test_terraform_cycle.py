"""Both stacks live and die through the real Terraform CLI and AWS provider, against a local EC2."""

import base64
import gzip
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest

from contracts.stack_outputs import read_deployment_outputs, read_network_outputs
from infra.cdktf import samples
from tests.infra import called, terraform

pytestmark = [
    pytest.mark.terraform,
    pytest.mark.skipif(terraform.missing() is not None, reason=str(terraform.missing())),
]

ROOT = Path(__file__).parents[2]
SERVE = "from infra.local.moto_repairs import repair; repair(); from moto.server import main; import sys; main(sys.argv[1:])"
LISTED = ["198.51.100.0/24", "203.0.113.7/32"]
HOSTILE = '${file("/etc/passwd")} %{ if true } $${x} ${TfToken[TOKEN.0]} "quoted" \\ 名前'


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    for name, value in {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}.items():
        monkeypatch.setenv(name, value)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE, "-H", "127.0.0.1", "-p", str(port)],
        cwd=ROOT,
        env={
            "PATH": "/usr/bin:/bin",
            "MOTO_AMIS_PATH": str(ROOT / "infra/local/amis.json"),
            **called.recording(tmp_path / "calls"),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def wait_for(port: int) -> None:
    for _ in range(150):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError("the local cloud did not start")


def test_a_network_and_a_spot_placement_come_and_go(cloud: str, tmp_path: Path, write_stack: Any) -> None:
    clients = {
        name: boto3.client(name, endpoint_url=cloud, region_name="us-east-1") for name in ("ec2", "s3")
    }
    clients["s3"].create_bucket(Bucket="state")
    network_dir = terraform.Terraform(tmp_path / "network", cloud)
    placement_dir = terraform.Terraform(tmp_path / "placement", cloud)

    write_stack(network_spec(), network_dir.directory)
    network = read_network_outputs(network_dir.apply())
    record = tmp_path / "calls"
    operators, placement_begins = called.by_terraform(record), record.stat().st_size

    write_stack(placement_spec(network), placement_dir.directory)
    # Most of an apply is waiting for EC2, so the network's second plan runs meanwhile.
    with ThreadPoolExecutor(max_workers=1) as meanwhile:
        network_is_settled = meanwhile.submit(network_dir.plan_again)
        placement = read_deployment_outputs(placement_dir.apply())
        network_is_settled.result()
    placement_dir.plan_again()
    check_instance(clients["ec2"], placement.instance_id)
    assert placement.private_ip.startswith("127.77.0.")
    assert placement.address == placement.public_ip

    # A wider list is changed in place: the machine that serves stays.
    write_stack(placement_spec(network, allow_cidrs=LISTED), placement_dir.directory)
    placement_dir.change()
    assert listed(clients["ec2"], placement.security_group_id) == LISTED
    check_instance(clients["ec2"], placement.instance_id)

    placement_dir.destroy()
    assert called.refused(called.by_terraform(record, placement_begins) - operators) == []
    write_stack(network_spec(tags={"team": "blue"}), network_dir.directory)
    network_dir.change()
    assert team_of(clients["ec2"], network.vpc_id) == "blue"
    network_dir.destroy()
    check_empty(clients["ec2"])


def network_spec(**changes: Any) -> dict[str, Any]:
    return samples.network(
        cidr="127.77.0.0/16",
        supernets=["127.77.0.0/16"],
        lean=True,
        backend=state("network.tfstate"),
        **changes,
    )


def placement_spec(network: Any, **reach: Any) -> dict[str, Any]:
    return samples.deployment(
        exposure=samples.deployment()["exposure"] | reach,
        vpc_id=network.vpc_id,
        subnet_id=network.public_subnets["us-east-1a"],
        instance_profile=network.instance_profile,
        backend=state("placement.tfstate"),
        tags={"team": HOSTILE},
    )


def state(key: str) -> dict[str, Any]:
    return {"kind": "s3", "bucket": "state", "key": key, "region": "us-east-1", "path_style": True}


def check_instance(ec2: Any, instance_id: str) -> None:
    (reservation,) = ec2.describe_instances(InstanceIds=[instance_id])["Reservations"]
    (instance,) = reservation["Instances"]
    assert instance["InstanceLifecycle"] == "spot"
    assert instance["MetadataOptions"]["HttpTokens"] == "required"
    assert "KeyName" not in instance
    volume_id = instance["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    (volume,) = ec2.describe_volumes(VolumeIds=[volume_id])["Volumes"]
    assert volume["Encrypted"]
    for resource in (instance, volume):
        tags = {tag["Key"]: tag["Value"] for tag in resource["Tags"]}
        assert tags["flowllama-deployment"] == samples.DEPLOYMENT_ID
        assert tags["flowllama-placement"] == f"{samples.DEPLOYMENT_ID}-1"
        assert tags["flowllama-epoch"] == "1"
        assert tags["team"] == HOSTILE
    found = ec2.describe_instance_attribute(InstanceId=instance_id, Attribute="userData")["UserData"]["Value"]
    config = json.loads(gzip.decompress(base64.b64decode(found)).decode().partition("\n")[2])
    assert config["write_files"][0]["path"] == "/etc/flowllama/instance.json"


def listed(ec2: Any, group_id: str) -> list[str]:
    (group,) = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    described = [one for way in group["IpPermissions"] for one in way["IpRanges"]]
    return sorted(one["CidrIp"] for one in described if one["Description"] == "Allow-list")


def team_of(ec2: Any, vpc_id: str) -> str | None:
    (vpc,) = ec2.describe_vpcs(VpcIds=[vpc_id])["Vpcs"]
    return next((tag["Value"] for tag in vpc.get("Tags", ()) if tag["Key"] == "team"), None)


def check_empty(ec2: Any) -> None:
    live = [{"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}]
    ours = [{"Name": "tag:managed-by", "Values": ["flowllama"]}]
    assert not ec2.describe_instances(Filters=live)["Reservations"]
    assert not ec2.describe_volumes()["Volumes"]
    assert not ec2.describe_security_groups(Filters=ours)["SecurityGroups"]
    assert not ec2.describe_vpcs(Filters=ours)["Vpcs"]
