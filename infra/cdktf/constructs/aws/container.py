"""The container of a process, as ECS reads it."""

import json
from collections.abc import Mapping
from typing import Any

from infra.cdktf import text
from infra.cdktf.processes import Process

USER = "10001:10001"
WORK = "/var/lib/flowllama"
# Empty volumes, each with the place where the container may write. The image makes them its user's (VOLUME).
VOLUMES = {"tmp": "/tmp", "work": WORK}  # noqa: S108 - a mount point in a container.
# Longer than the process takes to give its work back; Fargate allows two minutes.
GRACE_S = 30
# The newest lines are lost rather than the process stopped when CloudWatch can't be reached.
_LINES_IN_MEMORY = "4m"
_OPEN_FILES = 65_535


def definitions(
    process: Process,
    *,
    image: str,
    environment: Mapping[str, str],
    secrets: Mapping[str, str],
    log_group: str,
    region: str,
) -> str:
    """JSON text of one container. Values of the environment are data, also where they look like a template."""
    return json.dumps(
        [
            {
                "name": process.name,
                "image": image,
                "essential": True,
                "command": list(process.command),
                "user": USER,
                "readonlyRootFilesystem": True,
                "privileged": False,
                "portMappings": [
                    {"containerPort": process.port, "hostPort": process.port, "protocol": "tcp"}
                ],
                "environment": [
                    {"name": name, "value": text.literal(value)}
                    for name, value in sorted({**_own(), **environment}.items())
                ],
                "secrets": [{"name": name, "valueFrom": arn} for name, arn in sorted(secrets.items())],
                "mountPoints": [
                    {"sourceVolume": name, "containerPath": path, "readOnly": False}
                    for name, path in VOLUMES.items()
                ],
                # A first process that passes signals on and buries what the agent's Terraform leaves behind. ECS gives
                # capabilities back with both lists: with one alone every plan would replace the task.
                "linuxParameters": {"initProcessEnabled": True, "capabilities": {"add": [], "drop": ["ALL"]}},
                "ulimits": [{"name": "nofile", "softLimit": _OPEN_FILES, "hardLimit": _OPEN_FILES}],
                "stopTimeout": process.drain_s + GRACE_S,
                "healthCheck": _health_check(process),
                "logConfiguration": _lines(process, log_group, region),
            }
        ]
    )


def _own() -> dict[str, str]:
    return {"BIND_HOST": "0.0.0.0", "HOME": WORK, "TMPDIR": VOLUMES["tmp"]}  # noqa: S104 - in a VPC, behind a group.


def _health_check(process: Process) -> dict[str, Any]:
    """Alive, whatever the store does: an outage of the store must not stop every task."""
    ask = f"import urllib.request as r; r.urlopen('http://127.0.0.1:{process.port}/healthz', timeout=3)"
    return {
        "command": ["CMD", "python", "-c", ask],
        "interval": 15,
        "timeout": 5,
        "retries": 3,
        "startPeriod": 60,
    }


def _lines(process: Process, log_group: str, region: str) -> dict[str, Any]:
    return {
        "logDriver": "awslogs",
        "options": {
            "awslogs-group": log_group,
            "awslogs-region": region,
            "awslogs-stream-prefix": process.name,
            "mode": "non-blocking",
            "max-buffer-size": _LINES_IN_MEMORY,
        },
    }
