"""The data model, from the validators and indexes that the services put into the store."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pymongo import IndexModel

from docs.generate.text import MADE, table
from services.agent import store as agent
from services.auth import schema as auth
from services.chassis.inbox import INBOX
from services.chassis.mongo import Collection
from services.chassis.relay import EVENTS
from services.deployments import store as deployments
from services.health import store as health
from services.pricing import store as pricing

# One list: a new service's collections join here.
COLLECTIONS: Sequence[Collection] = (
    *auth.COLLECTIONS,
    *deployments.COLLECTIONS,
    *pricing.COLLECTIONS,
    *agent.COLLECTIONS,
    *health.COLLECTIONS,
    INBOX,
    EVENTS,
)
_PARENT = re.compile(r"[Pp]arent in `(\w+)`|^(\w+)\._id\b")
# What needs no words of its own in each collection.
_PLAIN = {
    "status": "Where it stands.",
    "state": "Where it stands.",
    "reason": "Why it stands there.",
    "created_at": "When it was recorded.",
    "updated_at": "When it was last changed.",
    "status_since": "When it took its status.",
    "started_at": "When the machine stood.",
    "launched_at": "When the machine was launched.",
    "cloud": "Cloud of the machine.",
    "region": "Region, as the cloud names it.",
    "zone": "Zone, as the cloud names it.",
    "account": "The operator's account in that cloud.",
    "port": "Where it answers.",
    "level": "How grave it is.",
    "attempts": "How often it was tried.",
    "epoch": "Of the run's lease.",
    "user_id": "Owner; parent in `users`.",
    "deployment_id": "Parent in `deployments`.",
    "placement_id": "Parent in `placements`.",
}
_INTRO = """# Data model

One MongoDB database. Each collection has exactly one writing service; `inbox` and `events` belong to the chassis and
are written by each service under its own keys. Ids are strings that begin with what they name. Dates are UTC,
money is `decimal`. Every collection has the validator described here; fields that are not required may be absent.

"""


def files(folder: str) -> Mapping[str, str]:
    body = "\n".join(_section(collection) for collection in COLLECTIONS)
    return {f"{folder}/data-model.md": MADE + _INTRO + _overview() + "\n" + _parents() + "\n" + body}


def parents(collection: Collection) -> Iterator[tuple[str, str]]:
    """Fields that name a record of another collection, as their descriptions say."""
    for name, field in collection.schema["properties"].items():
        match = _PARENT.search(_meaning(name, field))
        if match:
            yield name, match[1] or match[2]


def _overview() -> str:
    rows = [(f"[`{each.name}`](#{each.name})", each.owner, each.purpose) for each in COLLECTIONS]
    return table(("Collection", "Writer", "Purpose"), rows)


def _parents() -> str:
    lines = [
        f'    {parent} ||--o{{ {each.name} : "{field}"'
        for each in COLLECTIONS
        for field, parent in parents(each)
    ]
    return "## References\n\n```mermaid\nerDiagram\n" + "\n".join(lines) + "\n```\n"


def _section(collection: Collection) -> str:
    fields = table(("Field", "Type", "Required", "Meaning"), _fields(collection))
    indexes = table(("Index", "Options"), [("`_id`", "unique"), *map(_index, collection.indexes)])
    return (
        f"## {collection.name}\n\n{collection.purpose} Written by {collection.owner}.\n\n{fields}\n{indexes}"
    )


def _fields(collection: Collection) -> Iterator[Sequence[str]]:
    required = collection.schema.get("required", ())
    for name, field in collection.schema["properties"].items():
        needed = "yes" if name in required or name == "_id" else ""
        yield f"`{name}`", _type(field), needed, _meaning(name, field)


def _meaning(name: str, field: Mapping[str, Any]) -> str:
    return str(field.get("description") or _PLAIN.get(name, ""))


def _type(field: Mapping[str, Any]) -> str:
    if "enum" in field:
        return "one of " + ", ".join(f"`{'null' if value is None else value}`" for value in field["enum"])
    kind = field.get("bsonType", "any")
    return " or ".join(kind) if isinstance(kind, list | tuple) else str(kind)


def _index(index: IndexModel) -> tuple[str, str]:
    document = index.document
    keys = ", ".join(
        f"`{name}`{'' if order == 1 else ' descending'}" for name, order in document["key"].items()
    )
    options = [option for option in ("unique", "sparse") if document.get(option)]
    if "expireAfterSeconds" in document:
        options.append(_expiry(document["expireAfterSeconds"]))
    return keys, ", ".join(options)


def _expiry(seconds: int) -> str:
    if seconds == 0:
        return "expires at that time"
    return (
        f"expires {seconds // 86_400} days later" if seconds % 86_400 == 0 else f"expires {seconds} s later"
    )
