"""The machine that a spec asks for, alone or many times."""

from collections.abc import Mapping

from contracts.stack_model import DeploymentSpec
from infra.cdktf import names
from infra.cdktf.constructs.gcp.blueprint import Blueprint
from infra.cdktf.instance import user_data


def placement_name(spec: DeploymentSpec) -> str:
    """Of everything that the placement has: the same placement twice is a conflict, not a second one."""
    return names.resource(f"flowllama-{spec.placement_id}")


def plan_of(spec: DeploymentSpec, subnet_id: str, labels: Mapping[str, str], *, public: bool) -> Blueprint:
    return Blueprint(
        name=placement_name(spec),
        type=spec.machine.type,
        arch=spec.machine.arch,
        gpu_kind=spec.machine.gpu_kind,
        gpu_count=spec.machine.gpu_count,
        disk_gib=spec.machine.disk_gib,
        subnet_id=subnet_id,
        service_account=spec.instance_profile,
        public=public,
        spot=spec.spot,
        user_data=user_data.render(spec),
        labels=labels,
    )
