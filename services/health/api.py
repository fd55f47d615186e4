"""The HTTP door: what was seen of a user's machines, and what became of their webhooks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_smorest import Blueprint
from marshmallow import RAISE

from contracts.http.health import (
    DeliveriesQuerySchema,
    DeliveryListSchema,
    InstanceListSchema,
    InstancesQuerySchema,
)
from contracts.vocabulary import Cloud, InstanceStatus, Reason
from services.chassis.auth_verify import Verifier
from services.chassis.errors import NotFoundError
from services.chassis.http import principal, require_user
from services.chassis.ids import is_id
from services.chassis.mongo import Document
from services.health.instances import Instances
from services.health.webhooks.deliveries import Deliveries


@dataclass(frozen=True)
class Ports:
    instances: Instances
    deliveries: Deliveries
    verifier: Verifier


def blueprint(ports: Ports) -> Blueprint:
    """A deployment without a machine, or of somebody else, is answered alike: there is no such thing."""
    routes = Blueprint("health", __name__, url_prefix="/api/health", description="Instances and webhooks")
    routes.before_request(require_user(ports.verifier))

    @routes.get("/instances")
    @routes.arguments(InstancesQuerySchema, location="query", unknown=RAISE)
    @routes.response(200, InstanceListSchema)
    def list_instances(query: dict[str, Any]) -> Mapping[str, Any]:
        """Every machine that was built for a deployment, newest first."""
        found = ports.instances.of_user(_checked(query["deployment_id"]), principal().subject)
        if not found:
            raise NotFoundError
        return {"items": [_instance(record) for record in found]}

    @routes.get("/webhooks/<deployment_id>/deliveries")
    @routes.arguments(DeliveriesQuerySchema, location="query", unknown=RAISE)
    @routes.response(200, DeliveryListSchema)
    def list_deliveries(query: dict[str, Any], deployment_id: str) -> Mapping[str, Any]:
        """The latest webhook messages of a deployment, newest first."""
        user_id = principal().subject
        if not ports.deliveries.has_webhook(_checked(deployment_id), user_id):
            raise NotFoundError
        found = ports.deliveries.of_deployment(deployment_id, user_id, query["limit"])
        return {"items": [_delivery(record) for record in found]}

    return routes


def _checked(deployment_id: str) -> str:
    """Nothing that isn't an id reaches a query."""
    if not is_id(deployment_id, "dep"):
        raise NotFoundError
    return deployment_id


def _instance(record: Document) -> Mapping[str, Any]:
    return {
        **record,
        "placement_id": record["_id"],
        "cloud": Cloud(record["cloud"]),
        "status": InstanceStatus(record["status"]),
        "reason": Reason(record["reason"]),
        "last_poll_at": record.get("last_poll_at"),
    }


def _delivery(record: Document) -> Mapping[str, Any]:
    return {
        **record,
        "id": record["message_id"],
        "next_at": record.get("next_at"),
        "finished_at": record.get("finished_at"),
    }
