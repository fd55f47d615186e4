"""Settings of deployments."""

from dataclasses import dataclass, field

from environs import Env

from services.chassis import config
from services.chassis.config import CommonSettings

API_PORT = 8082
WORKER_PORT = 8086


@dataclass(frozen=True)
class Settings:
    common: CommonSettings
    pricing_url: str
    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    sealing_keys: tuple[str, ...] = field(repr=False)
    free_in_flight: int
    paid_in_flight: int
    slots_per_queue: int
    webhook_networks: tuple[config.Network, ...]


def build_api(env: Env) -> Settings:
    return _build(env, "deployments", API_PORT)


def build_worker(env: Env) -> Settings:
    return _build(env, "deployments-worker", WORKER_PORT)


def _build(env: Env, service: str, port: int) -> Settings:
    auth = env.str("AUTH_URL", "http://127.0.0.1:8081")
    return Settings(
        common=config.common(env, service=service, default_port=port),
        pricing_url=env.str("PRICING_URL", "http://127.0.0.1:8083"),
        token_url=env.str("SERVICE_TOKEN_URL", f"{auth}/internal/token"),
        client_id=env.str("DEPLOYMENTS_CLIENT_ID", "deployments"),
        client_secret=env.str("DEPLOYMENTS_CLIENT_SECRET"),
        sealing_keys=config.sealing_keys(env),
        free_in_flight=env.int("FREE_IN_FLIGHT", 1, validate=config.at_least(1)),
        paid_in_flight=env.int("PAID_IN_FLIGHT", 4, validate=config.at_least(1)),
        webhook_networks=config.networks(env, "WEBHOOK_ALLOWED_NETWORKS"),
        slots_per_queue=env.int("DEPLOYMENTS_SLOTS", 2, validate=config.at_least(1)),
    )
