"""`network apply`: builds what all placements of a region share, and writes the record that pricing imports.

It is an operator's command, not a message: it runs once per region, and again whenever it is asked to. Terraform
sees what is missing and builds only that. The record is a JSON object with the fields of `networks`.
"""

import json
import threading
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from marshmallow import ValidationError

from contracts.stack_outputs import read_network_outputs
from contracts.stack_spec import load_stack_spec
from contracts.vocabulary import Cloud
from services.agent import spec, states
from services.agent.network_lease import remove_dead_lock
from services.agent.network_wishes import Wishes
from services.agent.settings import NetworkSettings
from services.agent.synth import Synth
from services.agent.terraform import LeaseAddress, Terraform
from services.agent.ui_stream import UiEvent
from services.agent.workspace import Workspace
from services.chassis.errors import FlowLlamaError, InvalidError
from services.chassis.logs import get_logger
from services.chassis.mongo import Document

if TYPE_CHECKING:
    from mypy_boto3_ec2.client import EC2Client
    from mypy_boto3_sts.client import STSClient

log = get_logger(__name__)

NAME = "main"
DEFAULT_CIDR = "10.64.0.0/16"
MOST_ZONES = 3
_SAID = ("apply_complete", "apply_errored", "diagnostic", "change_summary")


class NetworkNotAppliedError(FlowLlamaError):
    """Terraform could not build the network."""


def parse_place(place: str) -> tuple[Cloud, str]:
    """Cloud and region in `aws:us-east-1`. Raises `InvalidError`."""
    cloud, _, region = place.partition(":")
    if cloud not in list(Cloud) or not region:
        known = "aws:us-east-1 or gcp:us-central1"
        raise InvalidError(f"{place} is no place to build a network in; name one such as {known}")
    return Cloud(cloud), region


def apply(
    cloud: Cloud,
    region: str,
    wishes: Wishes,
    *,
    settings: NetworkSettings,
    synth: Synth,
    terraform: Terraform,
    lease: LeaseAddress,
) -> Document:
    """The record of the region's network as it stands after the apply. Only under the network's lease.

    Raises `InvalidError` for wishes that can't be fulfilled.
    """
    stack = _stack(cloud, region, wishes, settings)
    workspace = Workspace(settings.terraform.work_dir / "networks" / region)
    workspace.path.mkdir(parents=True, exist_ok=True)
    synth.synthesise(stack, workspace.path)
    bucket = settings.build.state.bucket
    remove_dead_lock(states.connect(settings.build.state), bucket, stack["backend"]["key"])
    ended = terraform.apply(workspace, lease, threading.Event(), _say)
    if not ended.ok:
        words = "; ".join(f"{error.summary} {error.detail}" for error in ended.errors) or " ".join(ended.tail)
        raise NetworkNotAppliedError(words[:2000])
    outputs = read_network_outputs({name: {"value": value} for name, value in ended.outputs.items()})
    place = {"cloud": cloud.value, "account": stack["account"], "region": region}
    return {**place, **asdict(outputs), **wishes.of_record()}


def write(record: Document, out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(record, indent=2) + "\n")


def _stack(cloud: Cloud, region: str, wishes: Wishes, settings: NetworkSettings) -> Document:
    wishes.check(cloud, region)
    account, zones = _surroundings(cloud, region, settings)
    wishes.check_account(account)
    common = spec.common("network", cloud, account, region, settings.build)
    backend: dict[str, Any] = {**common["backend"], "key": f"networks/{cloud.value}/{region}.tfstate"}
    stack = {
        **common,
        "backend": backend,
        "name": NAME,
        "zones": zones[:MOST_ZONES],
        "supernets": list(settings.supernets),
        **wishes.of_stack(),
    }
    try:
        load_stack_spec(stack)
    except ValidationError as error:
        raise InvalidError(f"no network can be made of this: {error.messages}") from error
    return stack


def _surroundings(cloud: Cloud, region: str, settings: NetworkSettings) -> tuple[str, list[str]]:
    """The account, and the region's zones."""
    if cloud is Cloud.AWS:
        return settings.account or _account(region), _zones(region)
    # What speaks to Google takes time and memory to load.
    from services.agent import network_google

    project = settings.project or network_google.project()
    return project, network_google.zones(project, region)


def _account(region: str) -> str:
    sts: STSClient = boto3.client("sts", region_name=region)
    return sts.get_caller_identity()["Account"]


def _zones(region: str) -> list[str]:
    ec2: EC2Client = boto3.client("ec2", region_name=region)
    filters: list[Any] = [{"Name": "state", "Values": ["available"]}]
    zones = ec2.describe_availability_zones(Filters=filters)["AvailabilityZones"]
    ordinary = [
        zone["ZoneName"] for zone in zones if zone.get("ZoneType", "availability-zone") == "availability-zone"
    ]
    return sorted(ordinary)


def _say(event: UiEvent) -> None:
    if event.type in _SAID:
        log.info("network_progress", resource=event.resource, said=event.message)
