"""Which provider a module asks for: the minor version that the stacks pin, and what follows it."""

from dataclasses import dataclass
from typing import Any

from contracts.vocabulary import Cloud
from infra.modules.values import Block, Blocks, Body

TERRAFORM = ">= 1.9"


@dataclass(frozen=True)
class Provider:
    name: str
    source: str
    version: str
    tags: str
    configured: tuple[tuple[str, str], ...]


PROVIDERS = {
    Cloud.AWS: Provider("aws", "hashicorp/aws", "~> 5.100", "tags", (("region", "us-east-1"),)),
    Cloud.GCP: Provider(
        "google",
        "hashicorp/google",
        "~> 6.50",
        "labels",
        (("project", "my-project"), ("region", "us-central1")),
    ),
}


def requirements(cloud: Cloud, aliases: tuple[str, ...] = ()) -> Body:
    """The `terraform` block."""
    provider = PROVIDERS[cloud]
    wanted: dict[str, Any] = {"source": provider.source, "version": provider.version}
    if aliases:
        wanted["configuration_aliases"] = [f"${{{provider.name}.{alias}}}" for alias in aliases]
    return {
        "required_version": TERRAFORM,
        "required_providers": Blocks((Block({provider.name: wanted}),)),
    }
