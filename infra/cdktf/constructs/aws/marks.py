"""The tags that bound what a role may touch: what it asks to create, and what it finds, must be of this environment."""

from dataclasses import dataclass

from infra.cdktf.constructs.aws.grants import Conditions


@dataclass(frozen=True)
class Marks:
    """`asked` holds for requests that create, `carried` for what stands already."""

    environment: str

    @property
    def asked(self) -> Conditions:
        return self._all("aws:RequestTag")

    @property
    def carried(self) -> Conditions:
        return self._all("aws:ResourceTag")

    def _all(self, key: str) -> Conditions:
        return {
            "StringEquals": {
                f"{key}/managed-by": "flowllama",
                f"{key}/flowllama-environment": self.environment,
            }
        }
