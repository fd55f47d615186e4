"""The record of every machine tried or built. The intent is written before anything is built: it says where to look."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from services.agent import kinds
from services.agent.command import Command
from services.agent.resource import Place, RecordName
from services.agent.store import PLACEMENTS
from services.chassis.clock import Clock, utc_now
from services.chassis.errors import StaleError
from services.chassis.mongo import Document, Store


class PlacementState(StrEnum):
    """`abandoned` was rolled back; only `destroyed` is proved gone."""

    BUILDING = "building"
    STANDING = "standing"
    REMOVING = "removing"
    ABANDONED = "abandoned"
    DESTROYED = "destroyed"


class Placements:
    """Every write carries the epoch of its run, and never goes back below the one that wrote last."""

    def __init__(self, store: Store, clock: Clock = utc_now) -> None:
        self._records = store[PLACEMENTS.name]
        self._clock = clock

    def of_deployment(self, deployment_id: str) -> Sequence[Document]:
        """All of them, the oldest first."""
        return list(self._records.find({"deployment_id": deployment_id}).sort("number", 1))

    def states(self, placement_ids: Sequence[str]) -> Mapping[str, PlacementState]:
        """Of the known ones among these."""
        found = self._records.find({"_id": {"$in": list(placement_ids)}}, {"state": 1})
        return {record["_id"]: PlacementState(record["state"]) for record in found}

    def names(self, placement_id: str) -> Sequence[RecordName]:
        """As `names_of`; none for a placement that nobody knows."""
        found = self._records.find_one({"_id": placement_id}, {"spec.balancer": 1})
        return names_of({"spec": {}, **found}) if found else ()

    def intend(self, command: Command, number: int, epoch: int, offer: Document, spec: Document) -> Document:
        """Write down what is about to be built and where. Raises pymongo's `DuplicateKeyError`."""
        placement = {
            "_id": spec["placement_id"],
            "deployment_id": command.deployment_id,
            "command_id": command.id,
            "number": number,
            "epoch": epoch,
            "state": PlacementState.BUILDING.value,
            "cloud": spec["cloud"],
            "account": spec["account"],
            "region": spec["region"],
            "zone": spec["zone"],
            "kinds": list(kinds.left_by(spec)),
            "tags": tags_of(spec["placement_id"]),
            "offer": offer,
            "spec": spec,
            "outputs": None,
            "failure": None,
            "created_at": self._clock(),
            "updated_at": self._clock(),
        }
        self._records.insert_one(placement)
        return placement

    def change(self, placement: Document, epoch: int, **changes: Any) -> Document:
        """The record after the write. Raises `StaleError` when a later run has written already."""
        written = {**changes, "epoch": epoch, "updated_at": self._clock()}
        guard = {"_id": placement["_id"], "epoch": {"$lte": epoch}}
        if self._records.update_one(guard, {"$set": written}).matched_count == 0:
            raise StaleError("a later run has this placement")
        return {**placement, **written}


def place_of(placement: Mapping[str, Any]) -> Place:
    return Place(placement["account"], placement["region"])


def names_of(placement: Mapping[str, Any]) -> Sequence[RecordName]:
    """The record that its stack makes where its balancer has a zone; the stack forms the name in the same way."""
    balancer = placement["spec"].get("balancer") or {}
    zone, domain = balancer.get("dns_zone"), balancer.get("domain")
    if zone is None or domain is None:
        return ()
    return (RecordName(zone, f"{placement['_id'].replace('_', '-')}.{domain}"),)


def tags_of(placement_id: str) -> dict[str, str]:
    """By which the cloud finds everything of one placement."""
    return {"flowllama-placement": placement_id}
