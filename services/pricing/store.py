"""Pricing's collections and the few things it asks of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, IndexModel

from services.chassis.mongo import Collection, Document, Migration, Store, declare
from services.pricing.decisions import store as decision_store
from services.pricing.facts.tables import read_tables
from services.pricing.live.store import PRICES
from services.pricing.own_models.store import MODELS, keep_in_step

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
            "_id": {**_TEXT, "description": "Cloud, account and region."},
            "cloud": {"enum": ["aws", "gcp"]},
            "account": {**_TEXT, "description": "The operator's account in that cloud."},
            "region": _TEXT,
            "vpc_id": {**_TEXT, "description": "The network's id at the cloud."},
            "public_subnets": {**_SUBNETS, "description": "Zone to subnet; machines with an allow-list."},
            "private_subnets": {**_SUBNETS, "description": "Zone to subnet; none in a lean network."},
            "instance_profile": {**_TEXT, "description": "What its machines may do at the cloud."},
            "egress_cidrs": {
                "bsonType": "array",
                "items": _TEXT,
                "description": "Whence the platform calls; admitted to every machine.",
            },
            "balancer": {
                "bsonType": ["object", "null"],
                "description": "Certificate, domain and DNS zone of the region's balancers; none, no replicas there.",
            },
            "quotas": {
                "bsonType": "object",
                "description": "Family to on_demand and spot: the most the account may run there.",
            },
            "connected_at": {"bsonType": "date", "description": "When it was connected first."},
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
            "_id": {**_TEXT, "description": "The offer that is blocked."},
            "cloud": {"enum": ["aws", "gcp"]},
            "region": _TEXT,
            "zone": {"bsonType": ["string", "null"], "description": "Null blocks the whole region."},
            "machine": {**_TEXT, "description": "Machine type."},
            "spot": {"bsonType": "bool", "description": "Whether the spot offer is meant, or on-demand."},
            "family": {
                "bsonType": ["string", "null"],
                "description": "Set where a quota refused it: whose family is short, for all machines as large.",
            },
            "units": {
                "bsonType": ["int", "long", "null"],
                "description": "What was refused of that quota: as many of the machine as were asked for at once.",
            },
            "reason": {**_TEXT, "description": "What the cloud answered."},
            "until": {
                "bsonType": "date",
                "description": "From then on it is on offer again; never shortened.",
            },
        },
    },
    indexes=(IndexModel([("until", ASCENDING)], expireAfterSeconds=0),),
)


def _seed_models(store: Store) -> None:
    declare(store, (MODELS,))
    keep_in_step(store, read_tables())


COLLECTIONS = (NETWORKS, BLOCKS, *decision_store.COLLECTIONS, PRICES, MODELS)
MIGRATIONS = (
    Migration(
        1,
        "networks, blocks and decisions",
        lambda store: declare(store, (NETWORKS, BLOCKS, decision_store.DECISIONS)),
    ),
    Migration(2, "live prices", lambda store: declare(store, (PRICES,))),
    Migration(4, "models, seeded with those of the program", _seed_models),
    Migration(
        5,
        "sealed decisions, and the catalogues they were made from",
        lambda store: declare(store, decision_store.COLLECTIONS),
    ),
    Migration(6, "balancers of networks", lambda store: declare(store, (NETWORKS,))),
)


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
