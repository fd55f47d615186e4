"""How records look from outside."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from contracts.http.replicas import one_machine
from contracts.vocabulary import DeploymentStatus, Reason, Tier
from services.chassis.mongo import Document
from services.deployments.costs import Cost

PORT = 11434


def deployment_view(
    deployment: Document, *, cost: Cost | None = None, boot: Mapping[str, Any] | None = None
) -> Document:
    """The public representation: nothing that verifies, seals or guards is in it."""
    public = ("name", "detail", "generation", "workload", "exposure")
    view = {name: deployment[name] for name in public}
    view |= {
        "id": deployment["_id"],
        "status": DeploymentStatus(deployment["status"]),
        "reason": Reason(deployment["reason"]),
        "tier": Tier(deployment["tier"]),
        "labels": {label["name"]: label["value"] for label in deployment["labels"]},
        "replicas": deployment["workload"].get("replicas") or one_machine(),
        "placement": _placement(deployment),
        "endpoint": _endpoint(deployment),
        "boot": boot,
        "cost": {"hours": cost.hours, "accrued_usd": cost.accrued_usd} if cost else None,
        "webhook_id": (deployment["webhook"] or {}).get("id"),
        "created_at": deployment["created_at"],
        "updated_at": deployment["updated_at"],
    }
    return view


def event_view(event: Document) -> Mapping[str, Any]:
    """A published status change as history shows it."""
    data = json.loads(event["body"])["data"]
    shown = ("sequence", "status", "previous", "reason", "detail")
    return {
        "id": event["_id"],
        **{name: data[name] for name in shown},
        "occurred_at": datetime.fromisoformat(data["occurred_at"]).isoformat(),
    }


def _placement(deployment: Document) -> Document | None:
    """One from before there were replicas tells no price at its fewest."""
    placement = deployment["placement"]
    return None if placement is None else {"hourly_usd_at_min": None, **placement}


def _endpoint(deployment: Document) -> Document | None:
    address = (deployment["placement"] or {}).get("address")
    if not address or deployment["status"] == "deleted":
        return None
    host = f"[{address}]" if ":" in address else address
    return {"url": f"https://{host}:{PORT}", "ca_pem": deployment["ca_pem"]}
