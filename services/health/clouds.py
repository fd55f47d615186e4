"""Ask a cloud what became of silent instances and groups. An error means unknown, never gone."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from services.chassis.logs import get_logger
from services.health.metrics import CLOUD_ASKS
from services.health.model import ABSENT, DELETING, STANDING, CloudState

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

log = get_logger(__name__)

BATCH = 100
GROUPS_BATCH = 50
GATHER_S = 0.2  # Instances that fall silent together are asked about together.
Place = tuple[str, str, bool]  # Cloud, region, and whether it is about groups.
_SPOT_REASON = "Server.SpotInstance"


class CloudUnavailableError(Exception):
    """The cloud did not answer."""


class CloudInstances(Protocol):
    def states(self, region: str, instance_ids: Sequence[str]) -> Mapping[str, CloudState]:
        """What the cloud says of each; one it does not know is left out. Raises `CloudUnavailableError`."""


class Ec2Instances:
    """The credentials and the endpoint are boto3's own business."""

    def __init__(self) -> None:
        self._clients: dict[str, EC2Client] = {}

    def states(self, region: str, instance_ids: Sequence[str]) -> Mapping[str, CloudState]:
        found: dict[str, CloudState] = {}
        for start in range(0, len(instance_ids), BATCH):
            found |= self._page(region, list(instance_ids[start : start + BATCH]))
        return found

    def _page(self, region: str, instance_ids: list[str]) -> dict[str, CloudState]:
        # By filter: naming an unknown id directly would fail the whole question.
        wanted: Any = [{"Name": "instance-id", "Values": instance_ids}]
        try:
            pages = self._client(region).get_paginator("describe_instances").paginate(Filters=wanted)
            return {
                str(instance["InstanceId"]): _state(instance)
                for page in pages
                for reservation in page["Reservations"]
                for instance in reservation["Instances"]
            }
        except (BotoCoreError, ClientError) as error:
            raise CloudUnavailableError(type(error).__name__) from error

    def _client(self, region: str) -> "EC2Client":
        if region not in self._clients:
            self._clients[region] = _connect("ec2", region)
        return self._clients[region]


class ScalingGroups:
    """The same for the groups of replicas, by their names."""

    def __init__(self) -> None:
        self._clients: dict[str, Any] = {}

    def states(self, region: str, instance_ids: Sequence[str]) -> Mapping[str, CloudState]:
        found: dict[str, CloudState] = {}
        for start in range(0, len(instance_ids), GROUPS_BATCH):
            found |= self._page(region, list(instance_ids[start : start + GROUPS_BATCH]))
        return found

    def _page(self, region: str, names: list[str]) -> dict[str, CloudState]:
        if region not in self._clients:
            self._clients[region] = _connect("autoscaling", region)
        groups = self._clients[region].get_paginator("describe_auto_scaling_groups")
        try:
            pages = groups.paginate(AutoScalingGroupNames=names)
            return {
                str(group["AutoScalingGroupName"]): _group_state(group)
                for page in pages
                for group in page["AutoScalingGroups"]
            }
        except (BotoCoreError, ClientError) as error:
            raise CloudUnavailableError(type(error).__name__) from error


class CloudDesk:
    """Gathers the questions of many polls into few calls. Use within one event loop."""

    def __init__(
        self,
        clouds: Mapping[str, CloudInstances],
        groups: Mapping[str, CloudInstances] | None = None,
        *,
        gather_s: float = GATHER_S,
    ) -> None:
        self._desks = {False: clouds, True: groups or {}}
        self._gather_s = gather_s
        self._waiting: dict[Place, dict[str, asyncio.Future[CloudState | None]]] = {}
        self._asking: set[asyncio.Task[None]] = set()

    async def ask(self, record: Mapping[str, Any]) -> CloudState | None:
        """The state of one instance, or of one group of replicas; None where the cloud does not say."""
        place = (str(record["cloud"]), str(record["region"]), record.get("replicas") is not None)
        if place[0] not in self._desks[place[2]]:
            return None
        if place not in self._waiting:
            self._waiting[place] = {}
            task = asyncio.create_task(self._ask_soon(place))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)
        answer = self._waiting[place].setdefault(
            record["instance_id"], asyncio.get_running_loop().create_future()
        )
        return await asyncio.shield(answer)

    async def _ask_soon(self, place: Place) -> None:
        await asyncio.sleep(self._gather_s)
        waiting = self._waiting.pop(place)
        cloud, region, balanced = place
        states: Mapping[str, CloudState] | None = None
        try:
            states = await asyncio.to_thread(self._desks[balanced][cloud].states, region, list(waiting))
            CLOUD_ASKS.labels("answered").inc()
        except CloudUnavailableError as error:
            CLOUD_ASKS.labels("unavailable").inc()
            log.warning("cloud_unavailable", cloud=cloud, region=region, error=str(error))
        finally:
            for instance_id, answer in waiting.items():
                known = None if states is None else states.get(instance_id, CloudState(ABSENT))
                if not answer.done():
                    answer.set_result(known)


def _connect(service: str, region: str) -> Any:
    limits = Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 2})
    connect: Any = boto3.session.Session().client
    return connect(service, region_name=region, config=limits)


def _group_state(group: Any) -> CloudState:
    """A group that has no machine is none that is gone: it launches others."""
    machines = [machine["LifecycleState"] for machine in group["Instances"]]
    in_service = machines.count("InService")
    detail = f"{len(machines)} of {group['DesiredCapacity']} machines are launched, {in_service} in service"
    # Only a group that is being deleted has a status.
    return CloudState(DELETING if group.get("Status") else STANDING, detail=detail)


def _state(instance: Any) -> CloudState:
    code = str(instance.get("StateReason", {}).get("Code", ""))
    return CloudState(str(instance["State"]["Name"]), by_spot=code.startswith(_SPOT_REASON))
