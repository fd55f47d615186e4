"""Settings of health. Both lists of networks admit what is refused without them, so they are empty by default.

`balancer_roots_file` names the only roots that balancers are verified by; without one the public roots do.
"""

from dataclasses import dataclass, field
from pathlib import Path

from environs import Env

from services.chassis import config
from services.chassis.config import CommonSettings, Network

PORT = 8084


@dataclass(frozen=True)
class Settings:
    common: CommonSettings
    sealing_keys: tuple[str, ...] = field(repr=False)
    instance_networks: tuple[Network, ...]
    balancer_roots_file: Path | None
    interval_s: float
    starting_interval_s: float
    polls_at_once: int
    shards: int
    shards_held: int
    webhook_allowed_networks: tuple[Network, ...]
    webhook_threads: int
    webhook_timeout_s: float
    slots: int


def build(env: Env) -> Settings:
    shards = env.int("HEALTH_SHARDS", 1, validate=config.at_least(1))
    return Settings(
        common=config.common(env, service="health", default_port=PORT),
        sealing_keys=config.sealing_keys(env),
        instance_networks=config.networks(env, "INSTANCE_NETWORKS"),
        balancer_roots_file=env.path("BALANCER_ROOTS_FILE", None),
        interval_s=env.float("HEALTH_INTERVAL_S", 30.0, validate=config.at_least(1)),
        starting_interval_s=env.float("STARTING_INTERVAL_S", 2.0, validate=config.at_least(1)),
        polls_at_once=env.int("HEALTH_POLLS_AT_ONCE", 200, validate=config.at_least(1)),
        shards=shards,
        shards_held=env.int("HEALTH_SHARDS_HELD", shards, validate=config.at_least(1)),
        webhook_allowed_networks=config.networks(env, "WEBHOOK_ALLOWED_NETWORKS"),
        webhook_threads=env.int("WEBHOOK_THREADS", 16, validate=config.at_least(1)),
        webhook_timeout_s=env.float("WEBHOOK_TIMEOUT_S", 15.0, validate=config.at_least(1)),
        slots=env.int("HEALTH_SLOTS", 2, validate=config.at_least(1)),
    )
