"""The environment of every local process: one table, also written to a file that a shell can read.

Endpoints are chosen by the standard AWS variables, so product code knows nothing of this place. What production
refuses is opened by positive lists alone.
"""

import hashlib
import json
import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from infra.local.keys import Keys
from infra.local.layout import Layout
from infra.local.ports import Ports
from infra.local.settings import REPOSITORY, LocalSettings

ACCOUNT = "123456789012"  # moto's; the queue emulator is told to use the same.
REGION = "us-east-1"
STATE_BUCKET = "flowllama-state"

# A developer's own cloud credentials and profiles must never reach a process that believes it talks to AWS.
_NEVER_INHERITED = ("AWS_", "GOOGLE_", "CLOUDSDK_", "MONGODB_")


def local_environment(settings: LocalSettings, ports: Ports, layout: Layout, keys: Keys) -> dict[str, str]:
    """Every setting a local process gets beyond the developer's own environment."""
    return {
        **_cloud(ports),
        **_store_and_queues(ports),
        **_services(ports),
        **_secrets(keys),
        **_platform(settings, ports, layout),
    }


def process_environment(table: Mapping[str, str], layout: Layout) -> dict[str, str]:
    """The developer's environment without cloud credentials, then the table."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(_NEVER_INHERITED)}
    return {**own, **table, **mark(layout.root)}


def mark(root: Path) -> dict[str, str]:
    """What only this platform's processes carry, so that `make down` finds them.

    It is the application id that AWS's SDKs show in their user agent, and so reaches Terraform's processes too,
    which get nothing of ours but the variables of AWS.
    """
    return {"AWS_SDK_UA_APP_ID": f"flowllama-{hashlib.sha256(str(root).encode()).hexdigest()[:16]}"}


def write_environment(path: Path, table: Mapping[str, str]) -> None:
    """`set -a; . .local/environment` puts a shell into the platform; the file holds secrets, hence its mode."""
    text = "".join(f"{name}={shlex.quote(value)}\n" for name, value in sorted(table.items()))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def _cloud(ports: Ports) -> dict[str, str]:
    """Every AWS call ends at an emulator: the general endpoint catches what has none of its own."""
    cloud, queues = _http(ports.cloud), _http(ports.queues)
    to_cloud = ("EC2", "IAM", "STS", "LOGS", "SSM", "CLOUDWATCH_LOGS")
    return {
        "AWS_ENDPOINT_URL": cloud,
        **{f"AWS_ENDPOINT_URL_{service}": cloud for service in to_cloud},
        "AWS_ENDPOINT_URL_SQS": queues,
        "AWS_ENDPOINT_URL_S3": queues,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "MOTO_AMIS_PATH": str(REPOSITORY / "infra" / "local" / "amis.json"),
    }


def _store_and_queues(ports: Ports) -> dict[str, str]:
    return {
        "MONGODB_URI": f"mongodb://127.0.0.1:{ports.store}/?directConnection=true&w=majority&journal=true",
        "MONGODB_DATABASE": "flowllama",
        "QUEUE_BROKER": "sqs",
        "STATE_BUCKET": STATE_BUCKET,
        "STATE_REGION": REGION,
        "STATE_PATH_STYLE": "true",
    }


def _services(ports: Ports) -> dict[str, str]:
    services = {
        "AUTH": ports.auth,
        "DEPLOYMENTS": ports.deployments,
        "PRICING": ports.pricing,
        "HEALTH": ports.health,
        "AGENT": ports.agent,
        "DEPLOYMENTS_WORKER": ports.deployments_worker,
    }
    return {
        "BIND_HOST": "127.0.0.1",
        **{f"{name}_PORT": str(port) for name, port in services.items()},
        **{f"{name}_URL": _http(services[name]) for name in ("AUTH", "PRICING")},
    }


def _secrets(keys: Keys) -> dict[str, str]:
    digests = {
        name: hashlib.sha256(secret.encode()).hexdigest() for name, secret in keys.client_secrets.items()
    }
    return {
        "AUTH_SIGNING_KEYS": str(keys.signing_key_file),
        "FLOWLLAMA_LOCAL_ROOT": str(keys.root_file),
        "BALANCER_ROOTS_FILE": str(keys.roots_file),
        "FLOWLLAMA_SEALING_KEYS": keys.sealing_key,
        "SERVICE_CLIENTS": json.dumps(digests),
        **{f"{name.upper()}_CLIENT_SECRET": secret for name, secret in keys.client_secrets.items()},
    }


def _platform(settings: LocalSettings, ports: Ports, layout: Layout) -> dict[str, str]:
    instances = f"{settings.vpc_network},{settings.public_network}"
    return {
        "FLOWLLAMA_ENVIRONMENT": "local",
        "FLOWLLAMA_LOCAL_DIR": str(layout.root),
        "FLOWLLAMA_LOCAL_NET": str(settings.vpc_network),
        "FLOWLLAMA_LOCAL_PUBLIC_NET": str(settings.public_network),
        "FLOWLLAMA_BOOT_SECONDS": str(settings.instance_boot_s),
        "AGENT_WORK_DIR": str(layout.work),
        "CLOUD_EMULATOR_PORT": str(ports.cloud),
        "INSTANCE_NETWORKS": instances,
        "WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
        "AUTH_UNTHROTTLED_NETWORKS": "127.0.0.0/8",
        "HEALTH_INTERVAL_S": "5",
        "VPC_SUPERNETS": str(settings.vpc_network),
        "SERVICE_EGRESS_CIDRS": "127.0.0.1/32",
        "NO_PROXY": "127.0.0.1,localhost,127.0.0.0/8",
    }


def _http(port: int) -> str:
    return f"http://127.0.0.1:{port}"
