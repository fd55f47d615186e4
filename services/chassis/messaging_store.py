"""The store of a service that sends or receives messages: its own collections, and the chassis' beside them."""

import os
import socket
from collections.abc import Sequence

from services.chassis import mongo
from services.chassis.config import CommonSettings
from services.chassis.inbox import INBOX
from services.chassis.mongo import Migration, Store
from services.chassis.relay import EVENTS


def open_store(settings: CommonSettings, service: str, migrations: Sequence[Migration]) -> Store:
    """Connect, and bring every collection up to its declaration. Safe to run in several processes at once."""
    store = mongo.connect(settings)
    mongo.declare(store, [INBOX, EVENTS])
    mongo.migrate(store, service, migrations)
    return store


def owner_of(role: str) -> str:
    """Who holds a lease: this process, by a name that an operator can find it by."""
    return f"{role}:{socket.gethostname()}:{os.getpid()}"
