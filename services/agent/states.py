"""Terraform's states in the bucket: one key per placement and epoch.

A run writes only the key of its own epoch. It begins with a copy of what its predecessors left, and a predecessor
that comes back late writes to its own key, where nobody looks any more.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from services.agent.settings import StateSettings

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

PREFIX = "placements"
SUFFIX = ".tfstate"


def state_key(placement_id: str, epoch: int) -> str:
    return f"{PREFIX}/{placement_id}/{epoch}{SUFFIX}"


class States:
    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def adopt(self, placement_id: str, epoch: int) -> None:
        """Copy the newest older state to the key of this epoch, unless that key has one already."""
        epochs = self._epochs(placement_id)
        older = [number for number in epochs if number < epoch]
        if epoch not in epochs and older:
            self._client.copy_object(
                Bucket=self._bucket,
                Key=state_key(placement_id, epoch),
                CopySource={"Bucket": self._bucket, "Key": state_key(placement_id, max(older))},
            )

    def read(self, placement_id: str, epoch: int) -> Mapping[str, Any] | None:
        """The state of this epoch, or None where nothing was ever pushed."""
        if epoch not in self._epochs(placement_id):
            return None
        answer = self._client.get_object(Bucket=self._bucket, Key=state_key(placement_id, epoch))
        state: Mapping[str, Any] = json.loads(answer["Body"].read())
        return state

    def forget(self, placement_id: str) -> None:
        """Remove every state of a placement that is proved gone."""
        listed = self._client.list_objects_v2(Bucket=self._bucket, Prefix=f"{PREFIX}/{placement_id}/")
        for entry in listed.get("Contents", ()):
            self._client.delete_object(Bucket=self._bucket, Key=entry["Key"])

    def _epochs(self, placement_id: str) -> set[int]:
        prefix = f"{PREFIX}/{placement_id}/"
        listed = self._client.list_objects_v2(Bucket=self._bucket, Prefix=prefix)
        names = [entry["Key"].removeprefix(prefix) for entry in listed.get("Contents", ())]
        stems = [name.removesuffix(SUFFIX) for name in names if name.endswith(SUFFIX)]
        return {int(stem) for stem in stems if stem.isdigit()}


def connect(settings: StateSettings) -> "S3Client":
    """The endpoint is chosen by the standard AWS variables."""
    config = Config(
        s3={"addressing_style": "path" if settings.path_style else "auto"}, connect_timeout=2, read_timeout=10
    )
    return boto3.client("s3", region_name=settings.region, config=config)


def has_resources(state: Mapping[str, Any] | None) -> bool:
    """Whether a state knows of anything that was made. Data sources are only looked up."""
    resources = (state or {}).get("resources", ())
    return any(resource.get("mode") == "managed" and resource.get("instances") for resource in resources)


def known_ids(state: Mapping[str, Any] | None) -> frozenset[str]:
    """Every text in a state's managed resources; whatever id the cloud lists is either among them, or a stray."""
    found: set[str] = set()
    pending: list[Any] = [r for r in (state or {}).get("resources", ()) if r.get("mode") == "managed"]
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            found.add(value)
        elif isinstance(value, Mapping):
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
    return frozenset(found)
