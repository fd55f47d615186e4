"""The store: one MongoDB database, durable writes, and collections that come with validators and indexes."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from bson.codec_options import CodecOptions, TypeCodec, TypeRegistry
from bson.decimal128 import Decimal128
from pymongo import IndexModel, MongoClient
from pymongo.database import Database
from pymongo.errors import CollectionInvalid, DuplicateKeyError, OperationFailure

from services.chassis.config import CommonSettings

Document = dict[str, Any]
Store = Database[Document]


class _DecimalCodec(TypeCodec):
    """Money goes in and comes out as Decimal."""

    python_type = Decimal
    bson_type = Decimal128

    def transform_python(self, value: Decimal) -> Decimal128:
        return Decimal128(value)

    def transform_bson(self, value: Decimal128) -> Decimal:
        return value.to_decimal()


CODEC: CodecOptions[Document] = CodecOptions(tz_aware=True, type_registry=TypeRegistry([_DecimalCodec()]))


@dataclass(frozen=True)
class Collection:
    """A collection as its one writer declares it. `docs/data-model.md` is generated from these."""

    name: str
    owner: str
    purpose: str
    schema: Mapping[str, Any]
    indexes: Sequence[IndexModel] = ()


@dataclass(frozen=True)
class Migration:
    """One step of a service's schema, run once, in order. Steps are never edited after release."""

    version: int
    description: str
    apply: Callable[[Store], None] = field(repr=False)


def connect(settings: CommonSettings) -> Store:
    """A database whose writes are acknowledged by a majority and journalled. Connects on first use."""
    client: MongoClient[Document] = MongoClient(
        settings.mongodb_uri,
        w="majority",
        journal=True,
        tz_aware=True,
        serverSelectionTimeoutMS=2_000,
        connectTimeoutMS=2_000,
        socketTimeoutMS=20_000,
        appname="flowllama",
    )
    return client.get_database(settings.mongodb_database, codec_options=CODEC)


def declare(store: Store, collections: Sequence[Collection]) -> None:
    """Create what is missing and bring validators and indexes up to the declaration. Idempotent."""
    for collection in collections:
        validator = {"$jsonSchema": dict(collection.schema)}
        try:
            store.create_collection(collection.name, validator=validator)
        except (CollectionInvalid, OperationFailure):  # It exists, perhaps with an older validator.
            store.command("collMod", collection.name, validator=validator)
        if collection.indexes:
            store[collection.name].create_indexes(list(collection.indexes))


def migrate(store: Store, service: str, migrations: Sequence[Migration]) -> int:
    """Run the steps that this database has not seen; returns the version it now has.

    Steps are idempotent: two processes that start together may both run one, and the version moves once.
    """
    versions = store["schema_versions"]
    current = (versions.find_one({"_id": service}) or {"version": 0})["version"]
    for step in sorted(migrations, key=lambda step: step.version):
        if step.version > current:
            step.apply(store)
            # A duplicate key says that another process has moved it this far, or further.
            with suppress(DuplicateKeyError):
                versions.update_one(
                    {"_id": service, "version": {"$lt": step.version}},
                    {"$set": {"version": step.version}},
                    upsert=True,
                )
            current = step.version
    return int(current)


def ping(store: Store) -> None:
    """Raises when the store does not answer: the readiness check of every service."""
    store.command("ping")
