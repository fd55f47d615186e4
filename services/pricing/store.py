"""Pricing's collections and the few things it asks of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel

from services.chassis.mongo import Collection, Document, Migration, Store, declare

_TEXT = {"bsonType": "string", "minLength": 1}
_SUBNETS = {"bsonType": "object", "additionalProperties": _TEXT}

NETWORKS = Collection(
    name="networks",
    owner="pricing",
    purpose="Regions that are connected: the outputs of their network stacks.",
    schema={
        "bsonType": "object",
        "required": ["_id", "cloud", "account", "region", "vpc_id", "public_subnets", "connected_at"],
        "properties": {
            "_id": _TEXT,
            "cloud": {"enum": ["aws", "gcp"]},
            "account": _TEXT,
            "region": _TEXT,
            "vpc_id": _TEXT,
            "public_subnets": _SUBNETS,
            "private_subnets": _SUBNETS,
            "instance_profile": _TEXT,
            "egress_cidrs": {"bsonType": "array", "items": _TEXT},
            "connected_at": {"bsonType": "date"},
        },
    },
)
BLOCKS = Collection(
    name="blocks",
    owner="pricing",
    purpose="Offers that had no capacity or quota, left out of everybody's choice until they expire.",
    schema={
        "bsonType": "object",
        "required": ["_id", "cloud", "region", "machine", "spot", "reason", "until"],
        "properties": {
            "_id": _TEXT,
            "cloud": {"enum": ["aws", "gcp"]},
            "region": _TEXT,
            "zone": {"bsonType": ["string", "null"]},
            "machine": _TEXT,
            "spot": {"bsonType": "bool"},
            "reason": _TEXT,
            "until": {"bsonType": "date"},
        },
    },
    indexes=(IndexModel([("until", ASCENDING)], expireAfterSeconds=0),),
)
DECISIONS = Collection(
    name="decisions",
    owner="pricing",
    purpose="Why an offer was chosen: inputs, catalogue digest, the top candidates, what was refused.",
    schema={
        "bsonType": "object",
        "required": [
            "_id",
            "deployment_id",
            "at",
            "inputs",
            "requirements",
            "candidates",
            "rejected",
            "catalogue",
        ],
        "properties": {
            "_id": _TEXT,
            "deployment_id": _TEXT,
            "at": {"bsonType": "date"},
            "inputs": {"bsonType": "object"},
            "requirements": {"bsonType": "object"},
            "candidates": {"bsonType": "array"},
            "candidates_total": {"bsonType": ["int", "long"]},
            "rejected": {"bsonType": "array"},
            "catalogue": {"bsonType": "object"},
        },
    },
    indexes=(IndexModel([("deployment_id", ASCENDING), ("at", DESCENDING)]),),
)
COLLECTIONS = (NETWORKS, BLOCKS, DECISIONS)
MIGRATIONS = (Migration(1, "networks, blocks and decisions", lambda store: declare(store, COLLECTIONS)),)


def ping(store: Store) -> None:
    """Raises the driver's error where the store does not answer."""
    store.command("ping")


def networks(store: Store) -> Sequence[Document]:
    return list(store["networks"].find())


def connect_network(store: Store, record: Mapping[str, Any], now: datetime) -> bool:
    """Idempotent: the day of connection stays. True where the region was not connected before."""
    fields = {key: value for key, value in record.items() if key not in {"_id", "connected_at"}}
    first = {"connected_at": record.get("connected_at", now)}
    result = store["networks"].update_one(
        {"_id": record["_id"]}, {"$set": fields, "$setOnInsert": first}, upsert=True
    )
    return result.upserted_id is not None


def blocks(store: Store, now: datetime) -> Sequence[Document]:
    """Blocks in force. The index removes the others within a minute or so; until then they count for nothing."""
    return list(store["blocks"].find({"until": {"$gt": now}}))


def block(store: Store, record: Mapping[str, Any]) -> None:
    """A later report of the same offer never shortens its block."""
    fields = {key: value for key, value in record.items() if key not in {"_id", "until"}}
    store["blocks"].update_one(
        {"_id": record["_id"]}, {"$set": fields, "$max": {"until": record["until"]}}, upsert=True
    )


def keep_decision(store: Store, record: Mapping[str, Any]) -> None:
    store["decisions"].insert_one(dict(record))
