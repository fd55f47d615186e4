"""The stack spec of one offer: plain JSON for the synth child, kept with the placement so that it can be destroyed.

Every state lies in the platform's one bucket, also that of a stack on Google Cloud: the copies from epoch to epoch, and
with them the fencing, are the same for both clouds.
"""

from collections.abc import Mapping
from typing import Any

from contracts.stack_fields import DEFAULT_MAX_RETRIES, SPEC_VERSION
from contracts.stack_rules import any_ipv4
from contracts.stack_spec import load_stack_spec
from contracts.vocabulary import Arch, Cloud, Exposure
from services.agent.command import Command
from services.agent.price_limits import spot_bid
from services.agent.settings import BuildSettings
from services.agent.states import state_key
from services.chassis.mongo import Document

INSTANCE_PORT = 11434


def deployment(
    command: Command,
    placement_id: str,
    epoch: int,
    candidate: Mapping[str, Any],
    model: Mapping[str, Any],
    build: BuildSettings,
) -> Document:
    """Raises marshmallow's `ValidationError`: it is the last look before text becomes infrastructure."""
    cloud = Cloud(candidate["cloud"])
    spec = {
        **common("deployment", cloud, candidate["account"], candidate["region"], build),
        "deployment_id": command.deployment_id,
        "placement_id": placement_id,
        "zone": candidate["zone"],
        "subnet_id": candidate["network"]["subnet_id"],
        "vpc_id": candidate["network"]["vpc_id"],
        "instance_profile": candidate["network"]["instance_profile"],
        "machine": {**candidate["machine"], "type": _machine_type(candidate)},
        "spot": candidate["spot"],
        "spot_max_usd": _spot_max_usd(candidate, command),
        "exposure": _exposure(command.data["exposure"], candidate["network"]["egress_cidrs"], build),
        "ollama": {
            "version": build.ollama_version,
            "sha256": build.ollama_sha256[Arch(candidate["machine"]["arch"])],
        },
        "model": {**model, "digest": None},
        "tokens": {
            "user_sha256": command.data["token_sha256"],
            "health_sha256": command.data["health_token_sha256"],
        },
        "model_bucket": build.model_buckets.get(candidate["region"]),
        "logs": _logs(cloud, Arch(candidate["machine"]["arch"]), build),
        **_balanced(command, candidate["network"]),
    }
    spec = at_epoch(spec, epoch)
    load_stack_spec(spec)
    return spec


def is_reachable(candidate: Mapping[str, Any], command: Command) -> bool:
    """On Google Cloud machines have no IPv6 address: whoever lists IPv6 networks alone would reach none there."""
    wanted = command.data["exposure"]
    is_open = wanted["kind"] != Exposure.PRIVATE
    return candidate["cloud"] != Cloud.GCP or not is_open or any_ipv4(wanted.get("allow_cidrs") or ())


def at_epoch(spec: Mapping[str, Any], epoch: int) -> Document:
    """The same stack, its state under the key of this epoch."""
    key = state_key(spec["placement_id"], epoch)
    return {**spec, "epoch": epoch, "backend": {**spec["backend"], "key": key}}


def common(kind: str, cloud: Cloud, account: str, region: str, build: BuildSettings) -> Document:
    return {
        "kind": kind,
        "version": SPEC_VERSION,
        "cloud": cloud.value,
        "account": account,
        "environment": build.environment,
        "region": region,
        "tags": {},
        "provider": {"max_retries": DEFAULT_MAX_RETRIES},
        "backend": {
            "kind": "s3",
            "bucket": build.state.bucket,
            "key": "unset.tfstate",
            "region": build.state.region,
            "path_style": build.state.path_style,
        },
    }


def _machine_type(candidate: Mapping[str, Any]) -> str:
    """Pricing adds an attached GPU to the name, as in n1-standard-8+2xT4; the cloud knows the machine without it."""
    name: str = candidate["machine"]["type"]
    return name.partition("+")[0]


def _spot_max_usd(candidate: Mapping[str, Any], command: Command) -> str | None:
    """Google Cloud takes no bid: Spot costs what Google asks."""
    bids = candidate["spot"] and candidate["cloud"] == Cloud.AWS
    bid = spot_bid(candidate, command) if bids else None
    return None if bid is None else str(bid)


def _logs(cloud: Cloud, arch: Arch, build: BuildSettings) -> Document | None:
    logs = {Cloud.AWS: build.logs, Cloud.GCP: build.google_logs}[cloud]
    if logs is None:
        return None
    url, sha256 = logs.agents[arch]
    return {"group": logs.group, "agent_url": url, "agent_sha256": sha256}


def _balanced(command: Command, network: Mapping[str, Any]) -> Document:
    """What a machine alone has none of. Which networks can have a balancer is pricing's to know."""
    if command.data["exposure"]["kind"] != Exposure.LOAD_BALANCED:
        return {}
    wanted = command.data["workload"]["replicas"]
    replicas = {"min": wanted["min"], "max": wanted["max"]}
    return {
        "replicas": {**replicas, "subnets": dict(network["subnets"]), "public": network["public"]},
        "balancer": network["balancer"],
    }


def _exposure(wanted: Mapping[str, Any], egress_cidrs: list[str], build: BuildSettings) -> Document:
    """Health's addresses are admitted: the network's own, and those that the settings name."""
    service_cidrs = dict.fromkeys([*egress_cidrs, *build.service_cidrs])
    return {
        "kind": wanted["kind"],
        "allow_cidrs": list(wanted.get("allow_cidrs") or ()),
        "service_cidrs": list(service_cidrs),
    }
