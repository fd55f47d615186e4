"""Settings of the cloud emulator's process."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from environs import Env
from marshmallow import validate

from infra.local.settings import loopback_network


@dataclass(frozen=True)
class CloudSettings:
    host: str
    port: int
    region: str
    public_network: ipaddress.IPv4Network
    boot_s: float
    root_file: Path | None
    has_queues: bool
    log_level: str


def cloud_settings(env: Env) -> CloudSettings:
    return CloudSettings(
        host=env.str("BIND_HOST", "127.0.0.1"),
        port=env.int("CLOUD_EMULATOR_PORT", 8093),
        region=env.str("AWS_REGION", "us-east-1"),
        public_network=loopback_network(env, "FLOWLLAMA_LOCAL_PUBLIC_NET", "127.177.0.0/16"),
        boot_s=env.float("FLOWLLAMA_BOOT_SECONDS", 3.0, validate=validate.Range(0, 3600)),
        root_file=env.path("FLOWLLAMA_LOCAL_ROOT", None),
        # boto3 reads the address itself; without one it would look for AWS.
        has_queues=bool(env.str("AWS_ENDPOINT_URL_SQS", "")),
        log_level=env.str("LOG_LEVEL", "INFO"),
    )
