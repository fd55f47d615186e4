"""Asking pricing whether a workload can run at all, before anything is recorded."""

from collections.abc import Mapping
from typing import Any

from services.chassis.errors import InvalidError
from services.chassis.service_client import ServiceClient


class PricingClient:
    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    def check(self, workload: Mapping[str, Any], *, correlation_id: str) -> None:
        """Raises `InvalidError`: pricing's own refusal of a field, or the reasons why no machine is left."""
        wanted = {name: value for name, value in workload.items() if value is not None}
        asked = {**wanted, "connected_only": True, "limit": 1}
        answer = self._client.post("/api/pricing/estimate", asked, correlation_id=correlation_id)
        if not answer["candidates_total"]:
            reasons = [
                {
                    "field": str(group["reason"]),
                    "message": f"{group['count']} offers: {'; '.join(group['examples'])}",
                }
                for group in answer["rejected"]
            ]
            raise InvalidError("No machine in a connected region meets this request.", errors=reasons)
