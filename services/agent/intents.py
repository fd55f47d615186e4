"""What the agent reads of `deployments`: the intent that is in force. Deployments alone writes there."""

from collections.abc import Sequence

from contracts.vocabulary import Cloud
from services.agent.resource import Place
from services.chassis.mongo import Store


class Intents:
    def __init__(self, store: Store) -> None:
        self._deployments = store["deployments"]
        self._networks = store["networks"]  # pricing's

    def generation(self, deployment_id: str) -> int | None:
        """None: there is no such deployment."""
        found = self._deployments.find_one({"_id": deployment_id}, {"generation": 1})
        return int(found["generation"]) if found else None

    def connected(self) -> Sequence[tuple[str, Place]]:
        """Cloud and place of every network we may build in; on AWS one to a region, as we have one account's
        credentials there."""
        found = list(self._networks.find({}, {"cloud": 1, "account": 1, "region": 1}))
        places = {
            (n["cloud"], n["region"], n["account"] if n["cloud"] == Cloud.GCP else ""): n for n in found
        }
        return sorted((n["cloud"], Place(n["account"], n["region"])) for n in places.values())
