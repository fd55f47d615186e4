"""The local platform's processes: what runs, when it may start, and how one sees that it is ready."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from infra.local.environment import ACCOUNT, REGION
from infra.local.layout import Layout
from infra.local.ports import Ports
from infra.local.settings import REPOSITORY

QUEUE_EMULATOR = REPOSITORY / ".venv-ministack" / "bin" / "ministack"


@dataclass(frozen=True)
class Program:
    """A process that is kept running. `ready` is a URL that must answer 200, or a bare port that must accept.

    It starts once everything in `needs` is ready; a later restart waits for nothing.
    """

    name: str
    command: Sequence[str]
    ready: str | int
    about: str
    needs: Sequence[str] = ()
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """A command that runs to its end each time `follows` has (re)started, until it succeeds."""

    name: str
    command: Sequence[str]
    follows: str
    about: str
    needs: Sequence[str] = ()


def programs(ports: Ports, layout: Layout) -> tuple[Program, ...]:
    return (*_stand_ins(ports, layout), *_services(ports), _edge(ports, layout))


def jobs() -> tuple[Job, ...]:
    return (
        Job(
            "queues-created",
            _python("infra.local.queues"),
            "queues",
            "queues and state bucket from the topology",
        ),
        Job(
            "network-connected",
            _python("infra.local.network"),
            "cloud",
            "the network stack, applied and made known to pricing",
            needs=("store", "queues-created"),
        ),
    )


def _stand_ins(ports: Ports, layout: Layout) -> tuple[Program, ...]:
    """What the cloud would provide."""
    return (
        Program("store", _store(ports, layout), ports.store, "MongoDB protocol: SecantusDB over WiredTiger"),
        Program(
            "queues",
            (str(QUEUE_EMULATOR),),
            ports.queues,
            "SQS and S3: ministack",
            environment=_queue_emulator(ports, layout),
        ),
        Program(
            "cloud",
            _python("infra.local.cloud"),
            f"http://127.0.0.1:{ports.cloud}/_fleet/instances",
            "EC2, IAM, STS: moto with the fleet simulator",
        ),
    )


def _services(ports: Ports) -> tuple[Program, ...]:
    based = ("store", "queues-created")
    return (
        _service("auth", "api", ports.auth, "accounts and tokens", ("store",)),
        _service("pricing", "api", ports.pricing, "models, prices, selection", ("store",)),
        _service("deployments", "api", ports.deployments, "the public API", based),
        _service("deployments", "worker", ports.deployments_worker, "admission and state machine", based),
        _service("agent", "worker", ports.agent, "runs Terraform", (*based, "cloud")),
        _service("health", "worker", ports.health, "polls instances, sends webhooks", based),
    )


def _service(service: str, role: str, port: int, about: str, needs: Sequence[str]) -> Program:
    name = f"{service}-worker" if (service, role) == ("deployments", "worker") else service
    ready = f"http://127.0.0.1:{port}/readyz"
    return Program(name, _python(f"services.{service}", role), ready, about, needs)


def _edge(ports: Ports, layout: Layout) -> Program:
    caddyfile = REPOSITORY / "docker" / "Caddyfile"
    command = (_script("caddy"), "run", "--adapter", "caddyfile", "--config", str(caddyfile))
    ready = f"http://127.0.0.1:{ports.edge}/healthz"
    return Program(
        "edge", command, ready, "the address users see: Caddy", environment=_edge_settings(ports, layout)
    )


def _store(ports: Ports, layout: Layout) -> Sequence[str]:
    where = ("--host", "127.0.0.1", "--port", str(ports.store), "--storage-path", str(layout.store))
    return (_script("secantusd-py"), *where, "--cache-size", "256M", "--log-level", "WARNING")


def _queue_emulator(ports: Ports, layout: Layout) -> dict[str, str]:
    """Objects survive kill -9, queues do not. The listeners of services we don't use stay off."""
    return {
        "GATEWAY_PORT": str(ports.queues),
        "SERVICES": "s3,sqs,sts",
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(layout.objects),
        "TMPDIR": str(layout.temporary),
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": "unix:///nonexistent",
        "LOG_LEVEL": "WARNING",
    }


def _edge_settings(ports: Ports, layout: Layout) -> dict[str, str]:
    upstreams = {
        "AUTH": ports.auth,
        "DEPLOYMENTS": ports.deployments,
        "PRICING": ports.pricing,
        "HEALTH": ports.health,
    }
    return {
        "EDGE_BIND": "127.0.0.1",
        "XDG_DATA_HOME": str(layout.temporary),
        "XDG_CONFIG_HOME": str(layout.temporary),
        "EDGE_ADDRESS": f"http://:{ports.edge}",
        **{f"{name}_UPSTREAM": f"127.0.0.1:{port}" for name, port in upstreams.items()},
    }


def _python(module: str, *arguments: str) -> Sequence[str]:
    return (sys.executable, "-m", module, *arguments)


def _script(name: str) -> str:
    """A program installed beside this interpreter."""
    return str(Path(sys.executable).parent / name)
