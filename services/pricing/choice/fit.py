"""Whether a machine type can serve a workload, whatever it costs and wherever it stands."""

from dataclasses import dataclass
from enum import StrEnum

from services.pricing.choice.memory import USABLE_SHARE, Memory
from services.pricing.choice.speed import tokens_per_s
from services.pricing.choice.workload import Workload
from services.pricing.facts.catalogue import Machine


class Reject(StrEnum):
    """Why an offer is out. Each offer counts once, under the first reason in this order."""

    CLOUD = "cloud"
    REGION = "region"
    NOT_ALLOWED = "placement_not_allowed"
    NOT_CONNECTED = "not_connected"
    BALANCER = "balancer"
    SPOT_POLICY = "spot_policy"
    MACHINE = "machine"
    GPU = "gpu"
    MEMORY = "memory"
    HOST_MEMORY = "host_memory"
    MIN_MEMORY = "min_memory"
    SPEED = "min_tokens_per_s"
    PRICE_CAP = "max_hourly_usd"
    BUDGET = "budget"
    QUOTA = "quota"
    BLOCKED = "blocked"
    DEARER = "spot_dearer_than_on_demand"


@dataclass(slots=True)
class Fit:
    """`reason` None means it serves. `needed_gib` is per GPU, or RAM; `has_gib` what can be used of it."""

    machine: Machine
    reason: Reject | None
    gpus_used: int = 0
    needed_gib: float = 0.0
    has_gib: float = 0.0
    tokens_per_s: float = 0.0


def fit(machine: Machine, workload: Workload, memory: Memory, read_gb: float) -> Fit:
    """The first reason against, or how well it serves."""
    reason = _against_shape(machine, workload)
    if reason is not None:
        return Fit(machine, reason)
    used, needed, has = place(machine, memory)
    if needed > has:
        return Fit(machine, Reject.MEMORY, used, needed, has)
    if machine.gpu and machine.memory_gib < memory.host_ram_gib:
        return Fit(machine, Reject.HOST_MEMORY, used, memory.host_ram_gib, machine.memory_gib)
    if machine.model_memory_gib < workload.min_memory_gib:
        return Fit(machine, Reject.MIN_MEMORY, used, workload.min_memory_gib, machine.model_memory_gib)
    speed = tokens_per_s(read_gb, machine, used)
    slow = speed < workload.min_tokens_per_s
    return Fit(machine, Reject.SPEED if slow else None, used, needed, has, speed)


def place(machine: Machine, memory: Memory) -> tuple[int, float, float]:
    """How many GPUs hold the model, what the fullest needs, and what it can give."""
    if machine.gpu is None:
        return 0, memory.ram_gib, machine.memory_gib
    usable = machine.gpu.usable_gib * USABLE_SHARE
    # Ollama takes one GPU where the model fits on one, else it spreads over all.
    used = 1 if memory.vram_gib <= usable else machine.gpu_count
    return used, memory.per_gpu_gib(used), usable


def explain(found: Fit, workload: Workload) -> str:
    """Why a machine is out, with the figures that decided."""
    machine, reason = found.machine, found.reason
    name = f"{machine.cloud} {machine.name}"
    if reason == Reject.MEMORY:
        each = "on each GPU" if found.gpus_used > 1 else "of GPU memory" if machine.gpu else "of RAM"
        return f"{name}: needs {found.needed_gib:.1f} GiB {each}, has {found.has_gib:.1f}"
    if reason == Reject.HOST_MEMORY:
        return f"{name}: needs {found.needed_gib:.1f} GiB of RAM to load the file, has {found.has_gib:.1f}"
    if reason == Reject.MIN_MEMORY:
        return f"{name}: has {found.has_gib:.1f} GiB, {found.needed_gib:g} are asked for"
    if reason == Reject.SPEED:
        return f"{name}: {found.tokens_per_s:.1f} tokens/s, at least {workload.min_tokens_per_s:g} wanted"
    if reason == Reject.GPU:
        return (
            f"{name}: has {machine.gpu_count} x {machine.gpu.kind}" if machine.gpu else f"{name}: has no GPU"
        )
    return f"{name}: not {workload.machine}"


def _against_shape(machine: Machine, workload: Workload) -> Reject | None:
    if workload.machine is not None and machine.name != workload.machine:
        return Reject.MACHINE
    wish = workload.gpu
    if wish is None:
        return None
    kind = machine.gpu.kind if machine.gpu else None
    return Reject.GPU if wish.kind != kind or wish.count not in {None, machine.gpu_count} else None
