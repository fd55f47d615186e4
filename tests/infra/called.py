"""Which calls Terraform made of a local cloud that wrote them down, and which of them the agent may not make on AWS."""

import base64
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from infra.cdktf import bindings

# Nobody needs a right for the first. AWS refuses the second, which the provider asks about an image, whoever asks.
ANYWAY = {"sts:GetCallerIdentity", "ec2:GetInstanceUefiData"}
_SERVICE = re.compile(r"Credential=[^/]*/\d+/[^/]*/([^/]*)/")


def recording(record: Path) -> dict[str, str]:
    """The environment in which moto's server writes down what it is asked."""
    return {"MOTO_ENABLE_RECORDING": "1", "MOTO_RECORDER_FILEPATH": str(record)}


def by_terraform(record: Path, start: int = 0) -> set[str]:
    """As `service:Action`, from a position in the record on. Only services that name the action in a form: EC2 and its kin."""
    with record.open() as lines:
        lines.seek(start)
        asked = [json.loads(line) for line in lines]
    return {call for one in asked if (call := _call(one))}


def refused(calls: set[str]) -> list[str]:
    """What the agent's role would not be let do."""
    bindings.load_sparingly()
    from infra.cdktf.constructs.aws.agent_grants import AgentReach, agent_grants, balanced_grants

    reach = AgentReach("123456789012", "us-east-1", "sample", "arn:aws:s3:::states", None, ("Z0123456789",))
    granted = {
        action for grant in (*agent_grants(reach), *balanced_grants(reach)) for action in grant.actions
    }
    return sorted(calls - granted - ANYWAY)


def _call(asked: dict[str, Any]) -> str | None:
    headers = {name.lower(): value for name, value in dict(asked["headers"]).items()}
    if "terraform" not in headers.get("user-agent", "").lower():
        return None
    body = asked.get("body") or ""
    text = base64.b64decode(body).decode(errors="replace") if asked.get("body_encoded") else body
    action, service = parse_qs(text).get("Action"), _SERVICE.search(headers.get("authorization", ""))
    return f"{service[1]}:{action[0]}" if action and service else None
