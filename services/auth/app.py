"""The composition root of the HTTP process."""

from collections.abc import Mapping, Sequence
from functools import partial

from argon2 import PasswordHasher
from flask import Flask

from services.auth import api
from services.auth.audit import AuditLog
from services.auth.keys import KeyRing, read_private_key, read_private_keys
from services.auth.passwords import Passwords
from services.auth.ports import Ports
from services.auth.revocations import revocations
from services.auth.settings import Settings
from services.auth.store import MIGRATIONS
from services.auth.throttle import Throttle
from services.auth.tokens import Minter
from services.chassis.auth_verify import Verifier
from services.chassis.clock import Clock, utc_now
from services.chassis.config import Network
from services.chassis.http import create_app
from services.chassis.mongo import Store, connect, migrate, ping
from services.chassis.process import Task
from services.chassis.sealing import Sealer


def build(settings: Settings) -> tuple[Flask, Sequence[Task]]:
    """The app over the real store; auth polls nobody, so that it has no background task."""
    store = connect(settings.common)
    migrate(store, "auth", MIGRATIONS)
    ports = assemble(
        store,
        keys=KeyRing.of(
            read_private_keys(settings.signing_pem)
            or [read_private_key(path) for path in settings.signing_keys]
        ),
        sealer=Sealer(settings.sealing_keys),
        hasher=PasswordHasher(),
        hash_concurrency=settings.hash_concurrency,
        unthrottled=settings.unthrottled_networks,
    )
    return flask_app(ports, settings.service_clients), []


def assemble(
    store: Store,
    *,
    keys: KeyRing,
    sealer: Sealer,
    hasher: PasswordHasher,
    hash_concurrency: int = 4,
    unthrottled: Sequence[Network] = (),
    clock: Clock = utc_now,
) -> Ports:
    """The handlers' ports over any store, clock and cost of hashing."""
    audit = AuditLog(store, clock)
    return Ports(
        store=store,
        clock=clock,
        passwords=Passwords(hasher, concurrency=hash_concurrency),
        minter=Minter(keys, clock),
        sealer=sealer,
        audit=audit,
        throttle=Throttle(store, clock, audit, unthrottled),
    )


def flask_app(ports: Ports, service_clients: Mapping[str, str]) -> Flask:
    """The HTTP door over these ports. It verifies with its own keys, and asks the store whether a session lives."""
    feed = partial(revocations, store=ports.store, clock=ports.clock)
    verifier = Verifier(fetch_keys=ports.minter.keys.jwks, fetch_revoked=feed)
    return create_app(
        "auth",
        "FlowLlama auth",
        [
            api.public(ports),
            api.signed_in(ports, verifier),
            api.well_known(ports),
            api.internal(ports, service_clients),
        ],
        readiness={"store": partial(ping, ports.store)},
    )
