"""`python -m tests.infra.modules.examples_cycle DIR`: the life of everything that the examples for AWS make.

All examples are checked with the real provider. Of those that make the same, one is applied: in one go against a local
cloud, planned again, and destroyed. It takes minutes, so it is a process of its own that runs beside other tests.
"""

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3

from infra.modules.__main__ import FOLDER
from tests.infra.platform_cycle import KEYS, cloud
from tests.infra.terraform import Terraform

# Between them they call every module, as each module's own basic example calls it.
APPLIED = (
    "model-store-advanced",
    "model-store-basic",
    "network-advanced",
    "scaling-advanced",
    "scaling-basic",
)

PROVIDER = 'provider "aws" {\n  region = "us-east-1"\n}\n'


def main(directory: Path) -> int:
    with cloud() as endpoint:
        print(json.dumps(run(endpoint, directory)))
    return 0


def run(endpoint: str, directory: Path) -> dict[str, Any]:
    """What there was after the apply and after the destroy, by the cloud's own word."""
    terraform = Terraform(directory, endpoint)
    examples = copy_examples(directory)
    call(directory, examples)
    terraform.run("init", "-input=false")
    terraform.run("validate")
    share_provider(directory)
    call(directory, {name: examples[name] for name in APPLIED}, PROVIDER)
    terraform.run("apply", "-input=false", "-auto-approve", "-parallelism=30")
    terraform.plan_again()
    stood = look(endpoint)
    terraform.destroy()
    return {"valid": sorted(examples), "stood": stood, "left": look(endpoint)}


def share_provider(directory: Path) -> None:
    """One provider for all examples that need one: each of their own would be another process, seconds in the making."""
    for file in (directory / "aws").glob("*/examples/*/main.tf"):
        if "alias" not in (text := file.read_text()):
            file.write_text(text.replace(PROVIDER, ""))


def call(directory: Path, examples: Mapping[str, str], before: str = "") -> None:
    calls = (f'module "{name}" {{\n  source = "./{path}"\n}}\n' for name, path in examples.items())
    (directory / "main.tf").write_text("\n".join([before, *calls]))


def copy_examples(directory: Path) -> dict[str, str]:
    """All modules, with names of each example's own: they share one account here."""
    shutil.copytree(FOLDER / "aws", directory / "aws")
    found = {}
    for file in sorted((directory / "aws").glob("*/examples/*/main.tf")):
        name = f"{file.parents[2].name}-{file.parent.name}"
        text = file.read_text().replace('"example-models', f'"{name}').replace('"models', f'"{name}')
        file.write_text(text)
        found[name] = str(file.parent.relative_to(directory))
    return found


def look(endpoint: str) -> dict[str, int]:
    def client(service: str, region: str = "us-east-1") -> Any:
        return boto3.client(service, endpoint_url=endpoint, region_name=region, **KEYS)  # type: ignore[call-overload]  # the name is a variable

    ec2, iam, ours = client("ec2"), client("iam"), [{"Name": "is-default", "Values": ["false"]}]
    return {
        "vpcs": len(ec2.describe_vpcs(Filters=ours)["Vpcs"]),
        "addresses": len(ec2.describe_addresses()["Addresses"]),
        "templates": len(ec2.describe_launch_templates()["LaunchTemplates"]),
        "groups": len(client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]),
        "balancers": len(client("elbv2").describe_load_balancers()["LoadBalancers"]),
        "target_groups": len(client("elbv2").describe_target_groups()["TargetGroups"]),
        "buckets": len(client("s3").list_buckets()["Buckets"]),
        "roles": len(iam.list_roles()["Roles"]),
        "profiles": len(iam.list_instance_profiles()["InstanceProfiles"]),
        "log_groups": len(client("logs").describe_log_groups()["logGroups"]),
    }


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
