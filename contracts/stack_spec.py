"""What the synth child is asked to build: a platform, one network, or one placement of a deployment.

`load_stack_spec` is the only door. It returns the frozen dataclasses of `contracts.stack_model`, so that what
reaches Terraform was checked. Each kind has a module of its own, which also names the outputs that come back.
"""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError

from contracts import stack_fields as base
from contracts.stack_deployment import DeploymentSchema
from contracts.stack_model import StackSpec
from contracts.stack_network import NetworkSchema
from contracts.stack_platform import PlatformSchema


def load_stack_spec(raw: Any) -> StackSpec:
    """Check a spec as it came off the wire; raises marshmallow's `ValidationError` naming every wrong field."""
    if not isinstance(raw, Mapping):
        raise ValidationError("A stack spec is a JSON object.")
    schema = _SCHEMAS.get(str(raw.get("kind")))
    if schema is None:
        raise ValidationError({"kind": [f"Must be one of: {', '.join(_SCHEMAS)}."]})
    spec: StackSpec = schema().load(raw)
    return spec


_SCHEMAS: dict[str, type[base.CommonSchema]] = {
    "platform": PlatformSchema,
    "network": NetworkSchema,
    "deployment": DeploymentSchema,
}
