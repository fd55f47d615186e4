"""What the agent reads of `deployments`: the intent that is in force. Deployments alone writes there."""

from collections.abc import Sequence

from services.chassis.mongo import Store


class Intents:
    def __init__(self, store: Store) -> None:
        self._deployments = store["deployments"]
        self._networks = store["networks"]  # pricing's

    def generation(self, deployment_id: str) -> int | None:
        """None: there is no such deployment."""
        found = self._deployments.find_one({"_id": deployment_id}, {"generation": 1})
        return int(found["generation"]) if found else None

    def connected_regions(self) -> Sequence[tuple[str, str]]:
        """Cloud and region of every network we may build in."""
        found = self._networks.find({}, {"cloud": 1, "region": 1})
        return sorted({(network["cloud"], network["region"]) for network in found})
