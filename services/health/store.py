"""What health keeps. It is the only writer of these collections; deployments reads `instances.boot`."""

from pymongo import DESCENDING, IndexModel

from contracts.vocabulary import Cloud, InstanceStatus, Reason
from services.chassis.mongo import Collection, Migration, declare
from services.chassis.outbox import OUTBOX_INDEXES, OUTBOX_PROPERTIES
from services.health.webhooks.state import DeliveryState, WebhookState

KEPT_DAYS = 90
_TEXT = {"bsonType": "string"}
_NUMBER = {"bsonType": ["int", "long"]}
_DATE = {"bsonType": "date"}
_MAYBE_DATE = {"bsonType": ["date", "null"]}

INSTANCES = Collection(
    name="instances",
    owner="health",
    purpose="One record per placement: where it answers, what the last change was, what it owes to tell.",
    schema={
        "bsonType": "object",
        "required": [
            "deployment_id",
            "user_id",
            "generation",
            "address",
            "port",
            "model",
            "status",
            "version",
        ],
        "properties": {
            "_id": {**_TEXT, "description": "Placement id."},
            "deployment_id": {**_TEXT, "description": "Parent in `deployments`."},
            "user_id": {**_TEXT, "description": "Owner."},
            "generation": {**_NUMBER, "description": "Of the deployment when it was launched."},
            "cloud": {"enum": [cloud.value for cloud in Cloud]},
            "region": _TEXT,
            "instance_id": {**_TEXT, "description": "The cloud's own id; with replicas their group's name."},
            "address": {**_TEXT, "description": "A literal IP address; a balancer may have a name."},
            "replicas": {
                "bsonType": ["object", "null"],
                "description": "How many machines at least and at most, behind one balancer; null for one alone.",
            },
            "port": _NUMBER,
            "model": {**_TEXT, "description": "The tag it must list."},
            "model_digest": {"bsonType": ["string", "null"], "description": "What the tag must stand for."},
            "health_token_sealed": {**_TEXT, "description": "Health's own token there, sealed."},
            "correlation_id": {**_TEXT, "description": "Of the launch; later reports carry it on."},
            "status": {"enum": [status.value for status in InstanceStatus]},
            "reason": {"enum": [reason.value for reason in Reason]},
            "detail": {**_TEXT, "description": "The same in a sentence."},
            "boot": {"bsonType": "object", "description": "Phase and progress as the instance says."},
            "interruption": {"bsonType": ["object", "null"], "description": "Notice of the cloud, if any."},
            "ca_pem": {"bsonType": ["string", "null"], "description": "Root pinned at first contact."},
            "answered_at": {**_MAYBE_DATE, "description": "When it generated a token in this start."},
            "watched": {"bsonType": "bool", "description": "Whether it is polled."},
            "launched_at": _DATE,
            "changed_at": {**_DATE, "description": "Last change of the status."},
            "updated_at": {**_DATE, "description": "Last write but for the touch; pollers follow it."},
            "last_poll_at": {**_DATE, "description": "Written in bulk, once a cycle."},
            "removed_at": {**_MAYBE_DATE, "description": "When it was removed on purpose."},
            **OUTBOX_PROPERTIES,
        },
    },
    indexes=(
        *OUTBOX_INDEXES,
        IndexModel([("deployment_id", 1), ("_id", DESCENDING)]),
        IndexModel("instance_id"),
        IndexModel("watched"),
        IndexModel("updated_at"),
    ),
)

POLLER_SHARDS = Collection(
    name="poller_shards",
    owner="health",
    purpose="Who polls which share of the instances: one lease per shard.",
    schema={
        "bsonType": "object",
        "properties": {
            "_id": {**_TEXT, "description": "`<number>/<of how many>`."},
            "lease": {"bsonType": "object", "description": "The poller that holds the shard."},
        },
    },
)

WEBHOOKS = Collection(
    name="webhooks",
    owner="health",
    purpose="Where users want to hear of their deployments.",
    schema={
        "bsonType": "object",
        "required": ["deployment_id", "user_id", "url", "secret_sealed", "state"],
        "properties": {
            "_id": {**_TEXT, "description": "`whk_…`"},
            "deployment_id": {**_TEXT, "description": "Parent in `deployments`."},
            "user_id": {**_TEXT, "description": "Owner."},
            "url": {**_TEXT, "description": "Checked again at every send."},
            "secret_sealed": {**_TEXT, "description": "Signing secret, sealed."},
            "state": {"enum": [state.value for state in WebhookState]},
            "created_at": _DATE,
            "disabled_at": {**_MAYBE_DATE, "description": "When the receiver answered 410."},
            "sending": {"bsonType": "object", "description": "Lease of the sender: one at a time each."},
        },
    },
    indexes=(IndexModel("deployment_id"),),
)

WEBHOOK_DELIVERIES = Collection(
    name="webhook_deliveries",
    owner="health",
    purpose="One record per webhook and status change, until it is delivered or given up.",
    schema={
        "bsonType": "object",
        "required": ["webhook_id", "deployment_id", "user_id", "sequence", "message_id", "body", "state"],
        "properties": {
            "_id": {**_TEXT, "description": "`<webhook id>:<sequence>`: never twice."},
            "webhook_id": {**_TEXT, "description": "Parent in `webhooks`."},
            "deployment_id": _TEXT,
            "user_id": _TEXT,
            "sequence": {**_NUMBER, "description": "Of the status change."},
            "message_id": {**_TEXT, "description": "The `webhook-id` of every attempt."},
            "body": {**_TEXT, "description": "JSON as it is signed and sent."},
            "state": {"enum": [state.value for state in DeliveryState]},
            "attempts": _NUMBER,
            "next_at": {**_DATE, "description": "Present while an attempt is due or waits."},
            "last_status": {"bsonType": ["int", "null"], "description": "HTTP status of the last attempt."},
            "last_error": {"bsonType": ["string", "null"], "description": "Why there was none."},
            "created_at": _DATE,
            "finished_at": {**_DATE, "description": f"Finished records expire after {KEPT_DAYS} days."},
        },
    },
    indexes=(
        IndexModel("next_at", sparse=True),
        IndexModel([("webhook_id", 1), ("sequence", 1)]),
        IndexModel([("deployment_id", 1), ("sequence", DESCENDING)]),
        IndexModel("finished_at", expireAfterSeconds=KEPT_DAYS * 86_400),
    ),
)

COLLECTIONS = (INSTANCES, POLLER_SHARDS, WEBHOOKS, WEBHOOK_DELIVERIES)
MIGRATIONS = (
    Migration(1, "collections, validators and indexes", lambda store: declare(store, COLLECTIONS)),
    Migration(2, "instances are found by the cloud's id", lambda store: declare(store, (INSTANCES,))),
    Migration(3, "instances may be replicas", lambda store: declare(store, (INSTANCES,))),
)
