"""Stand-ins for what the agent reaches outside: pricing, the synth child, Terraform, the state bucket, the cloud."""

import json
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from services.agent.resource import Place, RecordName, Resource
from services.agent.terraform import Ended
from services.agent.ui_stream import UiEvent
from services.agent.workspace import Workspace
from services.chassis.errors import InvalidError

ACCOUNT = "123456789012"
PROJECT = "flowllama-test"


def candidate(zone: str = "us-east-1a", machine: str = "g5.xlarge", *, spot: bool = True) -> dict[str, Any]:
    """One offer in one zone, as pricing answers."""
    return {
        "cloud": "aws",
        "account": ACCOUNT,
        "region": zone[:-1],
        "zone": zone,
        "machine": {"type": machine, "arch": "x86_64", "gpu_kind": "A10G", "gpu_count": 1, "disk_gib": 60},
        "spot": spot,
        "tokens_per_s": 80.0,
        "hourly_usd": "0.4512",
        "instance_usd": "0.4302",
        "monthly_usd": "329.38",
        "network": {
            "vpc_id": "vpc-0123456789abcdef0",
            "subnet_id": "subnet-0123456789abcdef0",
            "instance_profile": "flowllama-test",
            "egress_cidrs": ["10.64.0.0/16"],
        },
    }


def balanced_candidate() -> dict[str, Any]:
    """One offer for replicas, as pricing answers: it stands for all its zones."""
    zones = ("us-east-1a", "us-east-1b")
    subnets = {zone: f"subnet-0123456789abcde{number:02}" for number, zone in enumerate(zones)}
    network = {
        **candidate()["network"],
        "subnet_id": subnets[zones[0]],
        "subnets": subnets,
        "public": True,
        "balancer": {
            "subnets": list(subnets.values()),
            "certificate": f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/0a1b2c3d",
            "domain": "models.example.com",
            "dns_zone": "Z0123456789ABC",
        },
    }
    return {**candidate(), "network": network, "hourly_usd_at_min": "0.4512"}


def google_candidate(
    zone: str = "us-central1-a", machine: str = "g2-standard-4", gpu: str = "L4", *, spot: bool = True
) -> dict[str, Any]:
    """The same on Google Cloud."""
    region = zone.rpartition("-")[0]
    return {
        **candidate(spot=spot),
        "cloud": "gcp",
        "account": PROJECT,
        "region": region,
        "zone": zone,
        "machine": {"type": machine, "arch": "x86_64", "gpu_kind": gpu, "gpu_count": 1, "disk_gib": 60},
        "network": {
            "vpc_id": f"projects/{PROJECT}/global/networks/flowllama-test-main-{region}",
            "subnet_id": f"projects/{PROJECT}/regions/{region}/subnetworks/flowllama-test-main",
            "instance_profile": f"flowllama-test-main@{PROJECT}.iam.gserviceaccount.com",
            "egress_cidrs": ["203.0.113.9/32"],
        },
    }


def google_balanced_candidate() -> dict[str, Any]:
    """The same for replicas: a region has one subnet for all its zones, and Google keeps the certificate."""
    offer = google_candidate()
    subnet = offer["network"]["subnet_id"]
    network = {
        **offer["network"],
        "subnets": {f"us-central1-{letter}": subnet for letter in "ab"},
        "public": False,
        "balancer": {
            "subnets": [subnet],
            "certificate": None,
            "domain": "models.example.com",
            "dns_zone": "models-example-com",
        },
    }
    return {**offer, "network": network, "hourly_usd_at_min": "0.4512"}


class FakePricing:
    """Answers with the candidates it is given, without those that were blocked."""

    def __init__(self) -> None:
        self.candidates = [candidate("us-east-1a"), candidate("us-east-1b"), candidate("us-east-1c")]
        self.refusal: str | None = None
        self.selections = 0
        self.blocks: list[tuple[str, str, str]] = []
        self.asked_at_once: list[int] = []

    def select(self, command: Any) -> Mapping[str, Any]:
        self.selections += 1
        if self.refusal is not None:
            raise InvalidError(self.refusal)
        model = {"tag": "llama3.2:1b", "context_size": 8192, "parallel": 1, "kv_type": "f16"}
        return {"decision_id": f"dec_{self.selections}", "model": model, "candidates": self.candidates}

    def block(
        self,
        offer: Mapping[str, Any],
        reason: str,
        *,
        quota: bool = False,
        machines: int = 1,
        correlation_id: str,
    ) -> None:
        self.asked_at_once.append(machines)
        self.blocks.append((None if quota else offer["zone"], offer["machine"], reason))


class FakeSynth:
    """Writes the spec itself where the stack would be."""

    def synthesise(self, spec: Mapping[str, Any], out: Path) -> None:
        (out / "cdk.tf.json").write_text(json.dumps(spec, default=str))


class FakeBucket:
    """The four calls that `States` makes of S3."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def list_objects_v2(self, *, Bucket: str, Prefix: str) -> Mapping[str, Any]:  # noqa: N803 - S3's own names
        return {"Contents": [{"Key": key} for key in sorted(self.objects) if key.startswith(Prefix)]}

    def copy_object(self, *, Bucket: str, Key: str, CopySource: Mapping[str, str]) -> None:  # noqa: N803
        self.objects[Key] = self.objects[CopySource["Key"]]

    def get_object(self, *, Bucket: str, Key: str) -> Mapping[str, Any]:  # noqa: N803
        return {"Body": BytesIO(self.objects[Key])}

    def delete_object(self, *, Bucket: str, Key: str) -> None:  # noqa: N803
        self.objects.pop(Key, None)


@dataclass
class FakeCloud:
    """Machines and firewalls by tag. An id among the stubborn ones survives its removal."""

    resources: dict[str, tuple[str, Resource]] = field(default_factory=dict)
    stubborn: set[str] = field(default_factory=set)
    looks: int = 0
    made: int = 0

    def create(
        self,
        region: str,
        kind: str,
        tags: Mapping[str, str],
        at: datetime | None = None,
        attached_to: str | None = None,
    ) -> str:
        self.made += 1
        id_ = f"{kind}-{self.made}"
        self.resources[id_] = (region, Resource(kind, id_, dict(tags), at, attached_to))
        return id_

    def listed(self, place: Place, tags: Mapping[str, str], kinds: Collection[str]) -> Sequence[Resource]:
        self.looks += 1
        return [
            r
            for where, r in self.resources.values()
            if where == place.region and r.kind in kinds and tags.items() <= r.tags.items()
        ]

    def records(self, place: Place, names: Sequence[RecordName]) -> Sequence[Resource]:
        ids = [f"{name.zone}_{name.host}_A" for name in names]
        return [self.resources[id_][1] for id_ in ids if id_ in self.resources]

    def record(self, zone: str, host: str) -> str:
        """A name in the name service, which carries no tag."""
        id_ = f"{zone}_{host}_A"
        self.resources[id_] = ("", Resource("dns_record", id_, {}))
        return id_

    def remove(self, place: Place, resources: Sequence[Resource]) -> None:
        for resource in resources:
            if resource.id not in self.stubborn:
                self.resources.pop(resource.id, None)

    def of_kind(self, kind: str) -> list[str]:
        return [id_ for id_, (_, resource) in self.resources.items() if resource.kind == kind]


Behaviour = Callable[["Building"], Ended]


@dataclass
class Building:
    """One apply in progress: what a scripted behaviour may do with it."""

    spec: Mapping[str, Any]
    cloud: FakeCloud
    bucket: FakeBucket
    stop: threading.Event

    @property
    def tags(self) -> Mapping[str, str]:
        return {
            "flowllama-deployment": self.spec["deployment_id"],
            "flowllama-placement": self.spec["placement_id"],
            "flowllama-environment": "test",
            "managed-by": "flowllama",
        }

    def create(self, kind: str, *, recorded: bool = True) -> str:
        """Make something; what is not recorded is missing from the state, as after a kill."""
        id_ = self.cloud.create(self.spec["region"], kind, self.tags)
        if recorded:
            self.record(id_, kind)
        return id_

    def record(self, id_: str, kind: str) -> None:
        key = self.spec["backend"]["key"]
        state = json.loads(self.bucket.objects.get(key, b'{"resources": []}'))
        state["resources"].append(
            {"mode": "managed", "type": kind, "instances": [{"attributes": {"id": id_}}]}
        )
        self.bucket.objects[key] = json.dumps(state).encode()

    def recorded(self, kind: str) -> str | None:
        state = json.loads(self.bucket.objects.get(self.spec["backend"]["key"], b'{"resources": []}'))
        found = [r["instances"][0]["attributes"]["id"] for r in state["resources"] if r["type"] == kind]
        return found[0] if found and found[0] in self.cloud.resources else None


class FakeTerraform:
    """Builds a firewall and a machine in the fake cloud, or does what the script's next line says."""

    def __init__(self, cloud: FakeCloud, bucket: FakeBucket) -> None:
        self._cloud, self._bucket = cloud, bucket
        self.script: list[Behaviour] = []
        self.applies: list[Mapping[str, Any]] = []
        self.destroys: list[Mapping[str, Any]] = []
        self.destroy_lies = False

    def apply(self, workspace: Workspace, lease: Any, stop: threading.Event, on_event: Any) -> Ended:
        building = self._building(workspace, stop)
        self.applies.append(building.spec)
        on_event(UiEvent("apply_start", "info", "aws_instance.x: Creating...", "aws_instance.x"))
        return self.script.pop(0)(building) if self.script else stands(building)

    def destroy(self, workspace: Workspace, lease: Any, stop: threading.Event, on_event: Any) -> Ended:
        building = self._building(workspace, stop)
        self.destroys.append(building.spec)
        state = json.loads(self._bucket.objects.get(building.spec["backend"]["key"], b'{"resources": []}'))
        for resource in state["resources"]:
            if not self.destroy_lies:
                self._cloud.resources.pop(resource["instances"][0]["attributes"]["id"], None)
        return Ended(0)

    def _building(self, workspace: Workspace, stop: threading.Event) -> Building:
        spec = json.loads((workspace.path / "cdk.tf.json").read_text())
        return Building(spec, self._cloud, self._bucket, stop)


def stands(building: Building) -> Ended:
    """An apply that makes what is missing."""
    group = building.recorded("security_group") or building.create("security_group")
    instance = building.recorded("instance") or building.create("instance")
    outputs = {
        "instance_id": instance,
        "private_ip": "127.77.0.9",
        "public_ip": "",
        "address": "127.77.0.9",
        "spot_request_id": "",
        "security_group_id": group,
    }
    return Ended(0, outputs=outputs)


def stands_balanced(building: Building) -> Ended:
    """An apply of a group and its balancer. The group's machines are in no state."""
    group = building.recorded("scaling_group")
    if group is None:
        group = building.create("scaling_group")
        for _ in range(building.spec["replicas"]["min"]):
            building.cloud.create(building.spec["region"], "instance", building.tags, attached_to=group)
    for kind in ("security_group", "load_balancer"):
        _ = building.recorded(kind) or building.create(kind)
    outputs = {
        "instance_id": group,
        "private_ip": "",
        "public_ip": "",
        "address": "dep-1.models.example.com",
        "spot_request_id": "",
        "security_group_id": building.recorded("security_group"),
        "balancer_name": building.recorded("load_balancer"),
    }
    return Ended(0, outputs=outputs)


def refused(code: str, message: str = "We have none left.") -> Behaviour:
    """An apply that gets as far as the firewall, and then this from the cloud."""

    def behave(building: Building) -> Ended:
        building.create("security_group")
        text = f"creating EC2 Instance: operation error EC2: RunInstances, api error {code}: {message}"
        return Ended(1, errors=[UiEvent("diagnostic", "error", text, summary=text)])

    return behave


def killed(building: Building) -> Ended:
    """Terraform dies after a create that it never wrote down."""
    building.create("security_group")
    building.create("instance", recorded=False)
    return Ended(137)
