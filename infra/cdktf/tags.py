"""The tags by which FlowLlama knows its own resources. Ours are set last: no user's tag can stand in for one."""

from contracts.stack_model import DeploymentSpec, StackSpec
from infra.cdktf.text import literals

EPOCH = "flowllama-epoch"


def for_stack(spec: StackSpec) -> dict[str, str]:
    """Ready for Terraform: what Terraform would read as a template is escaped."""
    return literals({**spec.tags, **ours(spec)})


def ours(spec: StackSpec) -> dict[str, str]:
    """The tags that sweeps and bills look for, the same on every cloud."""
    tags = {"flowllama-environment": spec.environment, "managed-by": "flowllama"}
    if isinstance(spec, DeploymentSpec):
        tags |= {
            "flowllama-deployment": spec.deployment_id,
            "flowllama-placement": spec.placement_id,
            EPOCH: str(spec.epoch),
        }
    return tags
