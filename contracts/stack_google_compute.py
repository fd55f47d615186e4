"""What Google Cloud asks of machines, networks and whatever a stack refers to beside them."""

from collections.abc import Iterable, Mapping
from typing import Any

from contracts.stack_model import Balancer, Machine, Runtime
from contracts.vocabulary import GpuKind

# The GPUs of each series: attached to N1, in the machine type of the others. Any other series has none that we know.
_GPUS = {
    "n1": (None, GpuKind.T4),
    "g2": (GpuKind.L4,),
    "a2": (GpuKind.A100_40, GpuKind.A100_80),
    "a3": (GpuKind.H100,),
}
_ATTACHED_COUNTS = (0, 1, 2, 4)


def check_compute(data: Mapping[str, Any]) -> dict[str, Any]:
    """Errors by field. What is missing or was refused already, it passes over."""
    errors = _elsewhere(data)
    machine = data.get("machine")
    if isinstance(machine, Machine) and (wrong := _machine(machine)):
        errors["machine"] = wrong
    if data.get("kind") == "network" and str(data.get("name")).endswith("-"):
        errors["name"] = ["Must not end with a dash: the subnet's name ends with it, and Google takes none."]
    return errors


def _machine(machine: Machine) -> dict[str, list[str]]:
    series = machine.type.partition("-")[0]
    kinds = _GPUS.get(series, (None,))
    if machine.gpu_kind not in kinds:
        return {"gpu_kind": [f"{series} machines have {' or '.join(kind or 'none' for kind in kinds)}."]}
    if series == "n1" and machine.gpu_count not in _ATTACHED_COUNTS:
        return {"gpu_count": ["N1 machines have 1, 2 or 4 of them."]}
    return {}


def _elsewhere(data: Mapping[str, Any]) -> dict[str, Any]:
    """A firewall rule lies in its network's project, and a balancer takes certificates of its own project only."""
    own = f"projects/{data.get('account')}/"
    errors = _links(own, {field: [data[field]] for field in ("vpc_id", "subnet_id") if field in data})
    if "instance_profile" in data and not _is_account_of(str(data.get("account")), data["instance_profile"]):
        errors["instance_profile"] = ["Must be of the stack's project: the network's rules go by it."]
    runtime, balancer = data.get("runtime"), data.get("balancer")
    if isinstance(runtime, Runtime):
        links = {"vpc_id": [runtime.vpc_id], "subnets": runtime.subnets.values()}
        if wrong := _links(own, links | {"certificate": [runtime.certificate]}):
            errors["runtime"] = wrong
    if isinstance(balancer, Balancer) and (wrong := _links(own, {"certificate": [balancer.certificate]})):
        errors["balancer"] = wrong
    return errors


def _is_account_of(project: str, email: str) -> bool:
    return email.partition("@")[2].partition(".")[0] == project


def _links(own: str, links: Mapping[str, Iterable[str | None]]) -> dict[str, Any]:
    return {
        field: ["Must lie in the stack's project."]
        for field, them in links.items()
        if any(link is not None and not link.startswith(own) for link in them)
    }
