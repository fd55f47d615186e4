"""Which offers a quota of Google Cloud concerns, by the metric that was exceeded. Pure decisions, no I/O."""

import re
from collections.abc import Mapping
from typing import Any

from contracts.vocabulary import GpuKind
from services.agent.google_failures import QUOTA

Offer = Mapping[str, Any]

_GPUS = re.compile(r"(?:PREEMPTIBLE_)?NVIDIA_(\w+)_GPUS")
_CPUS = re.compile(r"(?:PREEMPTIBLE_)?(?:([A-Z][A-Z0-9]*)_)?CPUS(?:_ALL_REGIONS)?")
_ALL_GPUS = "GPUS_ALL_REGIONS"
_KINDS = {
    "T4": GpuKind.T4,
    "L4": GpuKind.L4,
    "A100": GpuKind.A100_40,
    "A100_80GB": GpuKind.A100_80,
    "H100": GpuKind.H100,
}
_EVERYWHERE = "globally"  # Google's own word for a limit that no region has a part of.


def is_of_machines(code: str) -> bool:
    """Whether others would fail alike on machines of the family."""
    metric = _metric(code)
    return metric == _ALL_GPUS or _GPUS.fullmatch(metric) is not None or _CPUS.fullmatch(metric) is not None


def concerns(code: str, message: str, offer: Offer, candidate: Offer) -> bool:
    """Whether a quota that refused one offer would refuse this candidate: of the same family of machines and the same
    market, or of the same region where the quota counts something else, such as addresses."""
    metric = _metric(code)
    if candidate["cloud"] != offer["cloud"]:
        return False
    if candidate["region"] != offer["region"] and _EVERYWHERE not in message:
        return False
    if metric == _ALL_GPUS:
        return candidate["machine"]["gpu_kind"] is not None
    return _is_of_family(metric, candidate) and (
        candidate["spot"] == offer["spot"] or not (is_of_machines(code) or not metric)
    )


def _is_of_family(metric: str, candidate: Offer) -> bool:
    if gpus := _GPUS.fullmatch(metric):
        return gpus[1] not in _KINDS or candidate["machine"]["gpu_kind"] == _KINDS[gpus[1]]
    cpus = _CPUS.fullmatch(metric)
    if cpus and cpus[1]:
        name: str = candidate["machine"]["type"]
        return name.startswith(f"{cpus[1].lower()}-")
    return True


def _metric(code: str) -> str:
    return code.removeprefix(QUOTA).removeprefix(":")
