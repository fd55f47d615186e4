"""`python -m tests.infra.platform_cycle DIR`: the life of everything that platforms share, in one stack.

Applied, planned again, changed, planned again, destroyed, with the real Terraform CLI and provider against a local
cloud. What the cloud said in between is the JSON on standard output. It takes some three minutes, nearly all of them
waits that the provider has built in: it watches a queue for half a minute after it was made and for three quarters
after it was deleted. So it is a process of its own that runs beside other tests.
"""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

from contracts.stack_model import ModelAccess, PlatformSpec
from contracts.stack_spec import load_stack_spec
from contracts.vocabulary import Nat
from infra.cdktf import bindings, ids, samples
from tests.infra.called import recording
from tests.infra.terraform import Terraform

ROOT = Path(__file__).parents[2]
START_LIMIT_S = 60
CIDR = "10.64.0.0/16"
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}


def main(directory: Path) -> int:
    with cloud() as endpoint:
        print(json.dumps(Cycle(endpoint, directory).run()))
    return 0


class Cycle:
    def __init__(self, endpoint: str, directory: Path) -> None:
        self._endpoint, self._directory = endpoint, directory
        self._terraform = Terraform(directory / "stack", endpoint)

    def run(self) -> dict[str, Any]:
        """What stood after the first apply and after the change, and what was left after the destroy."""
        place = self._prepare()
        runtime = samples.runtime(**place)
        first = self._write("first", samples.platform(runtime=runtime), "203.0.113.7", Nat.PER_ZONE)
        given_up = samples.platform()["replica"] | {"enabled": False}
        newer = runtime | {"image": runtime["image"].replace("0" * 64, "1" * 64), "max_tasks": 6}
        changed = self._write(
            "changed",
            samples.platform(log_retention_days=60, replica=given_up, runtime=newer),
            "203.0.113.8",
            Nat.ONE,
        )
        self._use(first)
        self._terraform.run("init", "-input=false")
        self._terraform.run("validate")
        told = {"first": self._apply()}
        self._use(changed)
        told["changed"] = self._apply()
        self._use(changed, kept=False)
        self._terraform.destroy()
        return {**told, "left": self._look()}

    def _client(self, service: str, region: str = "us-east-1") -> Any:
        return boto3.client(service, endpoint_url=self._endpoint, region_name=region, **KEYS)  # type: ignore[call-overload]  # the name is a variable

    def _apply(self) -> dict[str, Any]:
        """Apply, and see that nothing is left to do."""
        self._terraform.run("apply", "-input=false", "-auto-approve", "-parallelism=30")
        self._terraform.plan_again()
        outputs = json.loads(self._terraform.run("output", "-json"))
        return {**self._look(), "outputs": outputs}

    def _prepare(self) -> dict[str, Any]:
        """What is there before a platform: the bucket of its own state, a network, and the zone of its name."""
        self._client("s3").create_bucket(Bucket="state")
        ec2, route53 = self._client("ec2"), self._client("route53")
        subnets = ec2.describe_subnets()["Subnets"][:2]
        zone = route53.create_hosted_zone(Name="example.com", CallerReference="api")["HostedZone"]["Id"]
        return {
            "vpc_id": subnets[0]["VpcId"],
            "subnets": {subnet["AvailabilityZone"]: subnet["SubnetId"] for subnet in subnets},
            "dns_zone": zone.rpartition("/")[2],
        }

    def _use(self, written: Path, *, kept: bool = True) -> None:
        """Unless `kept`, the state bucket may be destroyed, which takes an operator's own hand elsewhere."""
        document = json.loads(written.read_text())
        if not kept:
            for bucket in document["resource"]["aws_s3_bucket"].values():
                bucket.pop("lifecycle", None)
        (self._terraform.directory / "cdk.tf.json").write_text(json.dumps(document, indent=1))

    def _write(self, name: str, raw: dict[str, Any], address: str, nat: Nat) -> Path:
        """The platform, and beside it what other stacks are made of: a record, a role, a whole network."""
        bindings.load_sparingly()
        from cdktf import App
        from cdktf_cdktf_provider_aws.route53_zone import Route53Zone

        from infra.cdktf.constructs.aws.dns import DeploymentRecord, DeploymentRecordProps
        from infra.cdktf.constructs.aws.identity import Identity, IdentityProps
        from infra.cdktf.constructs.aws.network import Network, NetworkProps
        from infra.cdktf.constructs.aws.notices import ForwardedNotices, ForwardedNoticesProps
        from infra.cdktf.stacks.platform import PlatformStack

        state = {
            "kind": "s3",
            "bucket": "state",
            "key": "p.tfstate",
            "region": "us-east-1",
            "path_style": True,
        }
        spec = load_stack_spec({**raw, "backend": state})
        assert isinstance(spec, PlatformSpec)
        out = self._directory / name
        app = App(outdir=str(out), stack_traces=False, skip_backend_validation=True)
        stack = PlatformStack(app, spec)
        zone = Route53Zone(stack, "zone", name="models.example.com")
        props = DeploymentRecordProps(zone.zone_id, "models.example.com", samples.DEPLOYMENT_ID, (address,))
        DeploymentRecord(stack, ids.RECORD, props)
        models = ModelAccess(spec.model_bucket, None)
        Identity(stack, ids.IDENTITY, IdentityProps("instances", spec.account, spec.region, models))
        zones = ("us-east-1a", "us-east-1b")
        network = NetworkProps("whole", spec.account, spec.region, CIDR, zones, lean=False, nat=nat)
        Network(stack, ids.NETWORK, network)
        bus = f"arn:aws:events:us-west-2:{spec.account}:event-bus/default"
        ForwardedNotices(stack, "forwarded", ForwardedNoticesProps("flowllama-elsewhere", spec.account, bus))
        app.synth()
        return out / "stacks" / ids.PLATFORM_STACK / "cdk.tf.json"

    def _look(self) -> dict[str, Any]:
        """What the cloud itself says is there, by plain API calls."""
        logs, alarms = self._client("logs"), self._client("cloudwatch")
        records = self._records()
        # What scales services brings alarms of AWS's own.
        ours = alarms.describe_alarms(AlarmNamePrefix="flowllama-")["MetricAlarms"]
        keys = [
            client.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"]
            for client in (self._client("kms"), self._client("kms", "us-west-2"))
            for key in client.list_keys()["Keys"]
        ]
        return {
            "queues": sorted(
                url.rpartition("/")[2] for url in self._client("sqs").list_queues().get("QueueUrls", [])
            ),
            "buckets": sorted(one["Name"] for one in self._client("s3").list_buckets()["Buckets"]),
            "retention": {
                g["logGroupName"]: g["retentionInDays"] for g in logs.describe_log_groups()["logGroups"]
            },
            "filters": len(logs.describe_metric_filters()["metricFilters"]),
            "alarms": {one["AlarmName"]: one["AlarmActions"] for one in ours},
            "dashboards": [one["DashboardName"] for one in alarms.list_dashboards()["DashboardEntries"]],
            "topics": [one["TopicArn"] for one in self._client("sns").list_topics()["Topics"]],
            "roles": sorted(one["RoleName"] for one in self._client("iam").list_roles()["Roles"]),
            "addresses": [one["Value"] for record in records for one in record.get("ResourceRecords", ())],
            "aliases": [record["Name"] for record in records if "AliasTarget" in record],
            "keys": sorted(keys),
            **self._look_at_services(),
            **self._look_at_networks(),
        }

    def _look_at_networks(self) -> dict[str, Any]:
        """The default VPC is the cloud's own. EC2 goes on telling of gateways that are deleted."""
        ec2, events = self._client("ec2"), self._client("events")
        ours = [{"Name": "cidr", "Values": [CIDR]}]
        vpcs = [one["VpcId"] for one in ec2.describe_vpcs(Filters=ours)["Vpcs"]]
        within: list[Any] = [{"Name": "vpc-id", "Values": vpcs or ["none"]}]
        gateways = ec2.describe_nat_gateways(Filters=within)["NatGateways"]
        return {
            "vpcs": len(vpcs),
            "subnets": len(ec2.describe_subnets(Filters=within)["Subnets"]),
            "gateways": sum(one["State"] != "deleted" for one in gateways),
            "elastic": len(ec2.describe_addresses()["Addresses"]),
            "endpoints": len(ec2.describe_vpc_endpoints(Filters=within)["VpcEndpoints"]),
            "flow_logs": len(ec2.describe_flow_logs()["FlowLogs"]),
            "rules": sorted(rule["Name"] for rule in events.list_rules()["Rules"]),
        }

    def _look_at_services(self) -> dict[str, Any]:
        ecs, scaling, api = (
            self._client(name) for name in ("ecs", "application-autoscaling", "apigatewayv2")
        )
        clusters = ecs.list_clusters()["clusterArns"]
        services = [one for arn in clusters for one in self._services(ecs, arn)]
        targets = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
        return {
            "services": {one["serviceName"]: self._image(ecs, one["taskDefinition"]) for one in services},
            "most": sorted({target["MaxCapacity"] for target in targets}),
            "routes": sorted(
                route["RouteKey"]
                for one in api.get_apis()["Items"]
                for route in api.get_routes(ApiId=one["ApiId"])["Items"]
            ),
            "domains": [one["DomainName"] for one in api.get_domain_names()["Items"]],
            "secrets": sorted(
                one["Name"] for one in self._client("secretsmanager").list_secrets()["SecretList"]
            ),
            "namespaces": [
                one["Name"] for one in self._client("servicediscovery").list_namespaces()["Namespaces"]
            ],
            "policies": [
                one["PolicyName"] for one in self._client("iam").list_policies(Scope="Local")["Policies"]
            ],
            "groups": sorted(
                one["GroupName"]
                for one in self._client("ec2").describe_security_groups()["SecurityGroups"]
                if one["GroupName"] != "default"
            ),
        }

    def _services(self, ecs: Any, cluster: str) -> list[Any]:
        arns = ecs.list_services(cluster=cluster)["serviceArns"]
        found = ecs.describe_services(cluster=cluster, services=arns)["services"] if arns else []
        # One that was deleted can be described for a while.
        return [one for one in found if one["status"] == "ACTIVE"]

    def _image(self, ecs: Any, task: str) -> str:
        (container,) = ecs.describe_task_definition(taskDefinition=task)["taskDefinition"][
            "containerDefinitions"
        ]
        return str(container["image"])

    def _records(self) -> list[Any]:
        route53 = self._client("route53")
        return [
            record
            for zone in route53.list_hosted_zones()["HostedZones"]
            for record in route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
            if record["Type"] == "A"
        ]


@contextmanager
def cloud(record: Path | None = None) -> Iterator[str]:
    """A local cloud's address. With a record it writes down what it is asked."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.infra.shared_cloud", "-H", "127.0.0.1", "-p", str(port)],
        cwd=ROOT,
        env={
            "PATH": "/usr/bin:/bin",
            "MOTO_AMIS_PATH": str(ROOT / "infra/local/amis.json"),
            **(recording(record) if record else {}),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait(10)


def _wait_for(port: int) -> None:
    end = time.monotonic() + START_LIMIT_S
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the local cloud did not start")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
