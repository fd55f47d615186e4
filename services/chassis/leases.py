"""Leases in documents: an owner, an epoch that only rises, and an expiry by the server's clock.

A stored date never compares with `$$NOW` in `$lt` and `$gt` on the embedded store, so both sides are turned
into numbers of milliseconds.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from pymongo import ReturnDocument
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError

from services.chassis.mongo import Document

_NOW_MS = {"$toLong": "$$NOW"}


def acquire(
    collection: Collection[Document],
    document_id: str,
    *,
    field: str,
    owner: str,
    ttl_s: float,
    grace_s: float = 0,
    create: bool = True,
) -> Document | None:
    """Take a lease that is free, or lapsed for at least `grace_s`; the epoch rises by one. None: it is held.

    A missing document is created with nothing but the lease, unless `create` forbids it.
    """
    if create:
        # Not by an upsert: MongoDB refuses `$expr` in one, and racing upserts of the embedded store may be
        # applied and yet return nothing.
        with suppress(DuplicateKeyError):
            collection.insert_one({"_id": document_id})
    return collection.find_one_and_update(
        {"_id": document_id, "$expr": {"$lte": [_expiry_ms(field, grace_s), _NOW_MS]}},
        _taken(field, owner, ttl_s),
        return_document=ReturnDocument.AFTER,
    )


def renew(
    collection: Collection[Document], document_id: str, *, field: str, owner: str, epoch: int, ttl_s: float
) -> bool:
    """Prolong our own lease. False: it is not ours any more, or has lapsed; stop writing."""
    live = {"$gt": [_expiry_ms(field), _NOW_MS]}
    result = collection.update_one(
        {"_id": document_id, **held_by(field, owner, epoch), "$expr": live},
        [{"$set": {f"{field}.expires_at": {"$add": ["$$NOW", int(ttl_s * 1000)]}}}],
    )
    return result.matched_count == 1


def release(
    collection: Collection[Document], document_id: str, *, field: str, owner: str, epoch: int
) -> None:
    """Let the next one in at once. The epoch stays, so that it can only rise."""
    collection.update_one(
        {"_id": document_id, **held_by(field, owner, epoch)},
        [{"$set": {f"{field}.expires_at": {"$subtract": ["$$NOW", 3_600_000]}, f"{field}.owner": ""}}],
    )


def held_by(field: str, owner: str, epoch: int) -> Mapping[str, Any]:
    """The fence that every write of a lease holder carries."""
    return {f"{field}.owner": owner, f"{field}.epoch": epoch}


def _taken(field: str, owner: str, ttl_s: float) -> Sequence[Mapping[str, Any]]:
    """A pipeline, because only a pipeline reads the server's clock."""
    lease = {
        "owner": {"$literal": owner},
        "epoch": {"$add": [{"$ifNull": [f"${field}.epoch", 0]}, 1]},
        "expires_at": {"$add": ["$$NOW", int(ttl_s * 1000)]},
        "acquired_at": "$$NOW",
    }
    return [{"$set": {field: lease}}]


def _expiry_ms(field: str, grace_s: float = 0) -> Mapping[str, Any]:
    expiry = {"$ifNull": [{"$toLong": f"${field}.expires_at"}, 0]}
    return {"$add": [expiry, int(grace_s * 1000)]}
