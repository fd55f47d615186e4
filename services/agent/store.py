"""The agent's collections: runs, placements and run logs."""

from pymongo import DESCENDING, IndexModel

from services.chassis import mongo
from services.chassis.outbox import OUTBOX_INDEXES, OUTBOX_PROPERTIES

LOGS_KEPT_DAYS = 14
_STRING = {"bsonType": "string"}
_DATE = {"bsonType": "date"}
_COUNT = {"bsonType": ["int", "long"], "minimum": 0}

RUNS = mongo.Collection(
    name="runs",
    owner="agent",
    purpose="One record per deployment: the command the agent carries out, or has carried out, under a lease.",
    schema={
        "bsonType": "object",
        "required": ["generation", "phase", "placement_ids", "deferrals"],
        "properties": {
            "_id": {**_STRING, "description": "Deployment id."},
            "command_id": {"bsonType": ["string", "null"], "description": "The last command taken up."},
            "kind": {"enum": ["provision", "destroy", None], "description": "What that command asks for."},
            "generation": {**_COUNT, "description": "The intent that the command belongs to."},
            "phase": {**_STRING, "description": "Where the run stands; for people."},
            "placement_ids": {
                "bsonType": "array",
                "description": "Every placement ever made for it, in order.",
            },
            "outcome": {
                "bsonType": ["object", "null"],
                "description": "How the command ended, with the events that say so; null while it is under way.",
            },
            "deferrals": {**_COUNT, "description": "How often the command was taken over or put off."},
            "lease": {"bsonType": "object", "description": "Who runs it: owner, rising epoch, expiry."},
            "updated_at": _DATE,
            **OUTBOX_PROPERTIES,
        },
    },
    indexes=OUTBOX_INDEXES,
)

PLACEMENTS = mongo.Collection(
    name="placements",
    owner="agent",
    purpose="One record per machine tried or built, written before anything is built: it says where to look.",
    schema={
        "bsonType": "object",
        "required": ["deployment_id", "command_id", "number", "cloud", "account", "region", "tags", "state"],
        "properties": {
            "_id": {**_STRING, "description": "`<deployment>-<n>`; it owns the state key, names and tags."},
            "deployment_id": {**_STRING, "description": "Parent in `runs`."},
            "command_id": {**_STRING, "description": "The command that made it."},
            "number": {**_COUNT, "description": "Rises with each placement of the deployment."},
            "epoch": {**_COUNT, "description": "Of the last run that touched it; guards every write."},
            "state": {"enum": ["building", "standing", "removing", "abandoned", "destroyed"]},
            "cloud": _STRING,
            "account": _STRING,
            "region": _STRING,
            "zone": _STRING,
            "kinds": {"bsonType": "array", "description": "Kinds of resources it may have."},
            "tags": {"bsonType": "object", "description": "What all its resources carry."},
            "offer": {"bsonType": "object", "description": "The offer as events and failover name it."},
            "spec": {"bsonType": "object", "description": "The stack spec, so that it can be destroyed."},
            "outputs": {"bsonType": ["object", "null"], "description": "Terraform's outputs."},
            "failure": {"bsonType": ["object", "null"], "description": "Why it did not come to stand."},
            "created_at": _DATE,
            "updated_at": _DATE,
        },
    },
    indexes=(IndexModel([("deployment_id", 1), ("number", 1)]),),
)

RUN_LOGS = mongo.Collection(
    name="run_logs",
    owner="agent",
    purpose="What Terraform said, line by line, for the progress of a run. Never secret, never needed again.",
    schema={
        "bsonType": "object",
        "required": ["deployment_id", "at", "message"],
        "properties": {
            "deployment_id": _STRING,
            "placement_id": _STRING,
            "epoch": _COUNT,
            "at": {**_DATE, "description": f"Lines go after {LOGS_KEPT_DAYS} days."},
            "level": {"enum": ["info", "warn", "error"]},
            "type": {**_STRING, "description": "Terraform's own word for the line."},
            "resource": {
                "bsonType": ["string", "null"],
                "description": "Address of the resource it is about.",
            },
            "message": {**_STRING, "description": "At most 2,000 characters."},
        },
    },
    indexes=(
        IndexModel([("deployment_id", 1), ("at", DESCENDING)]),
        IndexModel("at", expireAfterSeconds=LOGS_KEPT_DAYS * 86_400, name="expiry"),
    ),
)

NETWORK_RUNS = mongo.Collection(
    name="network_runs",
    owner="agent",
    purpose="One record per region whose network an operator applies: the lease of that apply.",
    schema={
        "bsonType": "object",
        "properties": {
            "_id": {**_STRING, "description": "Cloud and region, such as `aws:us-east-1`."},
            "lease": {"bsonType": "object", "description": "Who applies it now."},
        },
    },
)

COLLECTIONS = (RUNS, PLACEMENTS, RUN_LOGS, NETWORK_RUNS)
MIGRATIONS = (
    mongo.Migration(
        1, "collections, validators and indexes", lambda store: mongo.declare(store, COLLECTIONS)
    ),
    mongo.Migration(2, "leases of network applies", lambda store: mongo.declare(store, [NETWORK_RUNS])),
)
