"""`python -m tests.infra.balanced_cycle DIR`: the life of a placement with replicas, and of what stands in no stack.

Applied, planned again, changed, planned again, destroyed, with the real Terraform CLI and provider against a local
cloud. What the cloud said in between is the JSON on standard output. It takes some three minutes, most of them waits
that the provider has built in, for balancers and records. So it is a process of its own that runs beside other tests.
"""

import json
import shutil
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import trustme

from contracts.stack_model import DeploymentSpec
from contracts.stack_spec import load_stack_spec
from contracts.vocabulary import Arch
from infra.cdktf import bindings, ids, samples
from tests.infra.called import by_terraform
from tests.infra.platform_cycle import KEYS, cloud
from tests.infra.terraform import Terraform

DOMAIN = "models.example.com"


def main(directory: Path) -> int:
    directory.mkdir(parents=True, exist_ok=True)
    record = directory / "calls"
    with cloud(record) as endpoint:
        told = Cycle(endpoint, directory).run()
        print(json.dumps({**told, "calls": sorted(by_terraform(record))}))
    return 0


class Cycle:
    def __init__(self, endpoint: str, directory: Path) -> None:
        self._endpoint, self._directory = endpoint, directory
        self._terraform = Terraform(directory / "stack", endpoint)

    def run(self) -> dict[str, Any]:
        """What stood after the first apply and after the change, and what was left after the destroy."""
        place = self._prepare()
        first = self._write("first", balanced(place, most=3))
        rotated = samples.deployment()["tokens"] | {"user_sha256": "c" * 64}
        moved = samples.deployment()["exposure"] | {"allow_cidrs": ["203.0.113.8/32"]}
        changed = self._write(
            "changed",
            balanced(place, most=5, tokens=rotated, exposure=moved | {"kind": "load_balanced"}, epoch=2),
        )
        self._use(first)
        self._terraform.run("init", "-input=false")
        self._terraform.run("validate")
        told = {"first": self._apply()}
        self._grow()
        self._use(changed)
        told["changed"] = self._apply()
        self._terraform.destroy()
        return {**told, "left": self._look()}

    def _client(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self._endpoint, region_name="us-east-1", **KEYS)  # type: ignore[call-overload]  # the name is a variable

    def _prepare(self) -> dict[str, Any]:
        """A network, a profile, a zone and a certificate, which are there before any placement."""
        ec2 = self._client("ec2")
        self._client("s3").create_bucket(Bucket="state")
        self._client("iam").create_instance_profile(InstanceProfileName="machines")
        zone = self._client("route53").create_hosted_zone(Name=DOMAIN, CallerReference="once")["HostedZone"]
        leaf = trustme.CA().issue_cert(f"*.{DOMAIN}")
        certificate = self._client("acm").import_certificate(
            Certificate=leaf.cert_chain_pems[0].bytes(), PrivateKey=leaf.private_key_pem.bytes()
        )
        vpc = ec2.create_vpc(CidrBlock="10.64.0.0/16")["Vpc"]["VpcId"]
        subnets = {
            zone: ec2.create_subnet(VpcId=vpc, AvailabilityZone=zone, CidrBlock=f"10.64.{number}.0/24")
            for number, zone in enumerate(("us-east-1a", "us-east-1b"))
        }
        return {
            "vpc_id": vpc,
            "subnets": {zone: made["Subnet"]["SubnetId"] for zone, made in subnets.items()},
            "dns_zone": zone["Id"].rpartition("/")[2],
            "certificate": certificate["CertificateArn"],
        }

    def _apply(self) -> dict[str, Any]:
        """Apply, and see that nothing is left to do."""
        self._terraform.run("apply", "-input=false", "-auto-approve", "-parallelism=30")
        self._terraform.plan_again()
        outputs = json.loads(self._terraform.run("output", "-json"))
        return {**self._look(), "outputs": outputs}

    def _grow(self) -> None:
        """What the autoscaler does: the next apply must leave it."""
        scaling = self._client("autoscaling")
        (group,) = (one["AutoScalingGroupName"] for one in self._groups() if one["TargetGroupARNs"])
        scaling.set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=3)

    def _use(self, written: Path) -> None:
        shutil.copyfile(written, self._terraform.directory / "cdk.tf.json")

    def _write(self, name: str, raw: dict[str, Any]) -> Path:
        bindings.load_sparingly()
        from cdktf import App

        from infra.cdktf.stacks.balanced import BalancedStack

        spec = load_stack_spec(raw)
        assert isinstance(spec, DeploymentSpec)
        out = self._directory / name
        app = App(outdir=str(out), stack_traces=False, skip_backend_validation=True)
        beside(BalancedStack(app, spec), spec)
        app.synth()
        return out / "stacks" / ids.DEPLOYMENT_STACK / "cdk.tf.json"

    def _look(self) -> dict[str, Any]:
        """What the cloud itself says is there, by plain API calls."""
        ec2, elb, scaling = (self._client(name) for name in ("ec2", "elbv2", "autoscaling"))
        balancers = elb.describe_load_balancers()["LoadBalancers"]
        groups = self._groups()
        return {
            "balancers": {one["LoadBalancerName"]: one["Type"] for one in balancers},
            "tags": [_tags(one) for one in self._tags_of(elb, [one["LoadBalancerArn"] for one in balancers])],
            "listeners": sorted(
                (one["Port"], one["Protocol"])
                for balancer in balancers
                for one in elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
            ),
            "target_groups": [one["TargetGroupName"] for one in elb.describe_target_groups()["TargetGroups"]],
            "groups": {
                one["AutoScalingGroupName"]: [one["MinSize"], one["DesiredCapacity"], one["MaxSize"]]
                for one in groups
            },
            "refreshes": [
                refresh["Preferences"]
                for one in groups
                for refresh in scaling.describe_instance_refreshes(
                    AutoScalingGroupName=one["AutoScalingGroupName"]
                )["InstanceRefreshes"]
            ],
            "policies": sorted(one["PolicyName"] for one in scaling.describe_policies()["ScalingPolicies"]),
            "templates": sorted(
                one["LaunchTemplateName"] for one in ec2.describe_launch_templates()["LaunchTemplates"]
            ),
            "machines": self._machines(ec2),
            # moto gives every machine another disk that no template names, not encrypted, and leaves it.
            "volumes": len([one for one in ec2.describe_volumes()["Volumes"] if one["Encrypted"]]),
            "firewalls": sorted(
                one["GroupName"]
                for one in ec2.describe_security_groups()["SecurityGroups"]
                if one["GroupName"] != "default"
            ),
            "names": self._names(),
        }

    def _groups(self) -> list[Any]:
        found: list[Any] = self._client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
        return found

    def _tags_of(self, elb: Any, arns: list[str]) -> list[Any]:
        found: list[Any] = elb.describe_tags(ResourceArns=arns)["TagDescriptions"] if arns else []
        return found

    def _machines(self, ec2: Any) -> list[dict[str, str]]:
        alive = [{"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}]
        reservations = ec2.describe_instances(Filters=alive)["Reservations"]
        return [_tags(machine) for one in reservations for machine in one["Instances"]]

    def _names(self) -> list[str]:
        route53 = self._client("route53")
        return [
            record["Name"].rstrip(".")
            for zone in route53.list_hosted_zones()["HostedZones"]
            for record in route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
            if "AliasTarget" in record
        ]


def balanced(place: dict[str, Any], *, most: int, **changes: Any) -> dict[str, Any]:
    subnets = place["subnets"]
    return samples.deployment_balanced(
        vpc_id=place["vpc_id"],
        subnet_id=subnets["us-east-1a"],
        instance_profile="machines",
        replicas={"min": 2, "max": most, "subnets": subnets, "public": True},
        balancer={
            "subnets": list(subnets.values()),
            "certificate": place["certificate"],
            "domain": DOMAIN,
            "dns_zone": place["dns_zone"],
        },
        backend={
            "kind": "s3",
            "bucket": "state",
            "key": "p.tfstate",
            "region": "us-east-1",
            "path_style": True,
        },
        **changes,
    )


def beside(stack: Any, spec: DeploymentSpec) -> None:
    """What the stack has no use for: a network balancer, a way in by SSH, spot by template, a group of two types."""
    from infra.cdktf.constructs.aws import scaling, target_tracking
    from infra.cdktf.constructs.aws.firewall import Firewall, FirewallProps
    from infra.cdktf.constructs.aws.network_balancer import NetworkBalancer, NetworkBalancerProps
    from infra.cdktf.constructs.aws.template import SpotOptions, Template, TemplateProps

    assert spec.replicas is not None
    assert spec.balancer is not None
    subnets = tuple(spec.replicas.subnets.values())
    network = NetworkBalancer(
        stack,
        "network-balancer",
        NetworkBalancerProps(
            name="network",
            group_name="network-balancer",
            vpc_id=spec.vpc_id,
            subnets=subnets,
            port=11434,
            allow_cidrs=spec.exposure.allow_cidrs,
            machine_cidrs=["10.64.0.0/16"],
            certificate=spec.balancer.certificate,
        ),
    )
    ssh = FirewallProps("by-ssh", spec.vpc_id, (), (), network.group_id, ("198.51.100.0/24",))
    group_id = Firewall(stack, "by-ssh", ssh).group_id
    given: dict[str, Any] = {
        "type": "m7i.large",
        "arch": Arch.X86_64,
        "has_gpu": False,
        "disk_gib": 20,
        "security_group_id": group_id,
        "instance_profile": spec.instance_profile,
        "public": False,
        "user_data": "I2Nsb3VkLWNvbmZpZw==",
        "tags": {"team": "blue"},
    }
    Template(stack, "by-spot", TemplateProps(name="by-spot", **given, spot=SpotOptions(Decimal("0.05"))))
    plain = Template(stack, "mixed", TemplateProps(name="mixed", **given))
    props = scaling.ScalingProps(
        name="mixed",
        template_id=plain.template_id,
        template_version=plain.version,
        types=("m7i.large", "m6i.large"),
        subnets=subnets,
        least=1,
        most=2,
        mix=scaling.Mix(1, 50, None, scaling.Allocation.PRICE_AND_CAPACITY),
        boot_s=600,
        tags={"team": "blue"},
    )
    group = scaling.ScalingGroup(stack, "mixed-group", props)
    target_tracking.track(stack, "mixed-tracking", group.group_name, target_tracking.Cpu())


def _tags(one: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in one["Tags"]}


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
