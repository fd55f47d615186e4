"""Ask Google Cloud what became of silent instances and groups. Their ids are paths, as Terraform tells them.

A Spot machine that is preempted is deleted with all that it was; only the zone's operations still tell why. The client
takes seconds and 90 MB to load, so it is loaded when a machine of Google's is silent for the first time.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import requests
from google.api_core.exceptions import GoogleAPICallError, NotFound, RetryError
from google.auth.exceptions import GoogleAuthError

from services.health.clouds import CloudUnavailableError
from services.health.model import ABSENT, STANDING, CloudState

# Without the client's own retries, which may take ten minutes: a silent machine is asked about again soon enough.
CALL: Mapping[str, Any] = {"retry": None, "timeout": 10.0}
NAMES_AT_ONCE = 20
Connect = Callable[[str], Any]  # The client of that name in google.cloud.compute_v1.

# Google's words for a machine, in those that the rules know. Its TERMINATED is a machine that is only stopped.
_WORDS = {
    "PROVISIONING": "pending",
    "STAGING": "pending",
    "REPAIRING": "pending",
    "SUSPENDING": "stopping",
    "SUSPENDED": "stopped",
    "TERMINATED": "stopped",
    "DEPROVISIONING": "shutting-down",
}
_PREEMPTED = 'operationType="compute.instances.preempted"'


class ComputeInstances:
    """Ids are projects/P/zones/Z/instances/N."""

    def __init__(self, connect: Connect | None = None) -> None:
        self._client: Connect = cache(connect or _connect)

    def states(self, region: str, instance_ids: Sequence[str]) -> Mapping[str, CloudState]:  # noqa: ARG002 - ids say it
        with _answering():
            found: dict[str, CloudState] = {}
            for (_, project), ids in _by(instance_ids, 2).items():
                for start in range(0, len(ids), NAMES_AT_ONCE):
                    found |= self._listed(project, ids[start : start + NAMES_AT_ONCE])
            ended = [id_ for id_ in instance_ids if id_ not in found or found[id_].gone]
            for id_ in self._preempted(ended):
                found[id_] = CloudState(found[id_].state if id_ in found else ABSENT, by_spot=True)
            return found

    def _listed(self, project: str, ids: Sequence[str]) -> dict[str, CloudState]:
        names = "|".join(id_.rpartition("/")[2] for id_ in ids)
        asked = {"project": project, "filter": f"name eq '{names}'"}
        scopes = self._client("InstancesClient").aggregated_list(request=asked, **CALL)
        found = {
            f"projects/{project}/{scope}/instances/{instance.name}": CloudState(_state(instance))
            for scope, content in scopes
            for instance in content.instances
        }
        return {id_: found[id_] for id_ in ids if id_ in found}

    def _preempted(self, ids: Sequence[str]) -> Iterator[str]:
        """Those of the ids that Google took back for others."""
        for (_, project, _, zone), in_zone in _by(ids, 4).items():
            asked = {"project": project, "zone": zone, "filter": _PREEMPTED}
            operations = self._client("ZoneOperationsClient").list(request=asked, **CALL)
            targets = {operation.target_link.rpartition("/")[2] for operation in operations}
            yield from (id_ for id_ in in_zone if id_.rpartition("/")[2] in targets)


class ManagedGroups:
    """The same for the groups of replicas. Ids are projects/P/{zones|regions}/S/instanceGroupManagers/N."""

    def __init__(self, connect: Connect | None = None) -> None:
        self._client: Connect = cache(connect or _connect)

    def states(self, region: str, instance_ids: Sequence[str]) -> Mapping[str, CloudState]:  # noqa: ARG002 - ids say it
        with _answering():
            looks = {id_: self._look(id_) for id_ in instance_ids}
        return {id_: state for id_, state in looks.items() if state is not None}

    def _look(self, id_: str) -> CloudState | None:
        _, project, scope, place, _, name = id_.split("/")
        regional = scope == "regions"
        client = self._client(f"{'Region' if regional else ''}InstanceGroupManagersClient")
        asked = {"project": project, scope[:-1]: place, "instance_group_manager": name}
        try:
            group = client.get(request=asked, **CALL)
        except NotFound:
            return None
        # A group that has no machine is none that is gone: it makes others.
        settled = f"{group.current_actions.none} of {group.target_size} machines stand as they should"
        return CloudState(STANDING, detail=settled)


def _connect(name: str) -> Any:
    from google.cloud import compute_v1

    return getattr(compute_v1, name)()


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except (GoogleAPICallError, RetryError, GoogleAuthError, requests.RequestException) as error:
        raise CloudUnavailableError(type(error).__name__) from error


def _by(ids: Sequence[str], parts: int) -> Mapping[tuple[str, ...], list[str]]:
    """By so many first parts of a path: 2 are the project's, 4 the zone's."""
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for id_ in ids:
        groups[tuple(id_.split("/")[:parts])].append(id_)
    return groups


def _state(instance: Any) -> str:
    status: str = instance.status
    if status == "STOPPING" and instance.scheduling.automatic_restart:
        return "restarting"  # Its host is looked after; it comes back by itself.
    return _WORDS.get(status, status.lower())
