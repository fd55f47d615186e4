"""Pricing, as the agent needs it: offers to try in turn, and a word to everybody when one has no capacity."""

from collections.abc import Mapping
from typing import Any, Protocol

from services.agent.command import Command
from services.chassis.service_client import ServiceClient

BLOCK_MINUTES = 30


class Pricing(Protocol):
    def select(self, command: Command) -> Mapping[str, Any]:
        """The decision: its id, the model as a spec takes it, the candidates in the order to try them.

        Raises `InvalidError` with pricing's own words when nothing on offer meets the request.
        """

    def block(
        self,
        offer: Mapping[str, Any],
        reason: str,
        *,
        quota: bool = False,
        machines: int = 1,
        correlation_id: str,
    ) -> None:
        """Leave an offer out of everybody's choice for a while; with a quota, all that take as much of it as so many
        machines of the offer."""


class PricingClient:
    """Over HTTP, with the token that auth issued to the agent."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    def select(self, command: Command) -> Mapping[str, Any]:
        budget = command.data.get("budget_hourly_usd")
        body = {
            "deployment_id": command.deployment_id,
            "workload": dict(command.data["workload"]),
            "budget_hourly_usd": None if budget is None else str(budget),
            "exposure": command.data["exposure"]["kind"],
        }
        return self._client.post("/internal/select", body, correlation_id=command.origin.correlation_id)

    def block(
        self,
        offer: Mapping[str, Any],
        reason: str,
        *,
        quota: bool = False,
        machines: int = 1,
        correlation_id: str,
    ) -> None:
        body = {name: offer[name] for name in ("cloud", "region", "zone", "machine", "spot")}
        body |= {"reason": reason, "minutes": BLOCK_MINUTES, "quota": quota, "machines": machines}
        self._client.post("/internal/blocks", body, correlation_id=correlation_id)
