"""One apply per network at a time, and a way past the lock that a killed one left behind.

The network's state has one key for ever, so Terraform's own lock guards it, and that lock has no expiry. Whoever
holds this lease knows that no other apply lives, and may take a lock away that still lies there.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pymongo.collection import Collection

from contracts.topology import LEASE_S
from services.agent.runs import FIELD, TAKEOVER_GRACE_S
from services.agent.store import NETWORK_RUNS
from services.agent.terraform import LeaseAddress
from services.chassis import leases
from services.chassis.config import CommonSettings
from services.chassis.errors import ConflictError
from services.chassis.ids import new_id
from services.chassis.logs import get_logger
from services.chassis.mongo import Document, Store

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

log = get_logger(__name__)

POLL_S = 5.0


@contextmanager
def hold(store: Store, place: str, settings: CommonSettings, *, wait_s: float) -> Iterator[LeaseAddress]:
    """The lease of the place, given back at the end. Terraform's supervisor renews it meanwhile.

    Waits for one that is held, because its holder may be dead. Raises `ConflictError` when it stays held.
    """
    records, owner = store[NETWORK_RUNS.name], new_id("run")
    epoch = _await(records, place, owner, time.monotonic() + wait_s)
    try:
        yield LeaseAddress(
            uri=settings.mongodb_uri,
            database=settings.mongodb_database,
            collection=NETWORK_RUNS.name,
            id=place,
            field=FIELD,
            owner=owner,
            epoch=epoch,
            ttl_s=LEASE_S,
        )
    finally:
        leases.release(records, place, field=FIELD, owner=owner, epoch=epoch)


def remove_dead_lock(client: "S3Client", bucket: str, state_key: str) -> None:
    """Take away the lock of an apply that died. Only for the holder of the lease."""
    key = f"{state_key}.tflock"
    listed = client.list_objects_v2(Bucket=bucket, Prefix=key)
    if any(entry["Key"] == key for entry in listed.get("Contents", ())):
        client.delete_object(Bucket=bucket, Key=key)
        log.warning("dead_lock_removed", key=key)


def _await(records: Collection[Document], place: str, owner: str, deadline: float) -> int:
    """The epoch of the lease, once it is ours."""
    while True:
        taken = leases.acquire(
            records, place, field=FIELD, owner=owner, ttl_s=LEASE_S, grace_s=TAKEOVER_GRACE_S
        )
        if taken is not None:
            return int(taken[FIELD]["epoch"])
        if time.monotonic() >= deadline:
            raise ConflictError(f"another apply of the network {place} is under way")
        log.info("network_lease_awaited", place=place)
        time.sleep(POLL_S)
