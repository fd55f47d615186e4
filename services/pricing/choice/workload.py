"""Turns the fields of a request into a load that the catalogue knows, or says which field can't be met."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from contracts.http.gpu import NO_GPU
from contracts.http.workload import MIN_CONTEXT
from contracts.vocabulary import Cloud, Exposure, GpuKind, KvType, Quantisation, RankBy, SpotPolicy
from services.chassis.errors import InvalidError
from services.pricing.choice import custom_models
from services.pricing.choice.memory import Load
from services.pricing.facts.catalogue import Catalogue
from services.pricing.facts.extras import DEFAULT_EGRESS_GIB
from services.pricing.facts.models import Model

DEFAULT_CONTEXT = 8192
# Billions of parameters up to which a model should reach so many tokens a second. People read at five to ten;
# whoever takes a large model accepts a slower one, and nobody is sent below five unasked.
_DEFAULT_SPEEDS = ((14.9, 10.0), (40.0, 7.0), (float("inf"), 5.0))


@dataclass(frozen=True, slots=True)
class GpuWish:
    """`kind` None means no GPU at all; `count` None means any number."""

    kind: GpuKind | None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Workload:
    """A request with every default filled in and every name known to the catalogue."""

    load: Load
    spot: SpotPolicy
    gpu: GpuWish | None
    min_memory_gib: float
    min_tokens_per_s: float
    cloud: Cloud | None
    region: str | None
    machine: str | None
    max_hourly_usd: Decimal | None
    rank_by: RankBy = RankBy.HOUR
    egress_gib_month: int = DEFAULT_EGRESS_GIB
    exposure: Exposure = Exposure.ALLOW_LISTED
    load_balancer: bool = False
    budget_hourly_usd: Decimal | None = None
    min_machines: int = 1
    max_machines: int = 1


def resolve(fields: Mapping[str, Any], catalogue: Catalogue) -> Workload:
    """`fields` as `WorkloadSchema` loads them, and what an estimate or a selection asks beside it.

    Raises InvalidError that names each field and what it allows.
    """
    model, named = _model(fields, catalogue)
    problems = Problems()
    load = _load(fields, model, named, problems)
    _check_place(fields, catalogue, problems)
    _check_machine(fields, catalogue, problems)
    problems.raise_if_any()
    asked_speed, exposure = fields["min_tokens_per_s"], fields.get("exposure", Exposure.ALLOW_LISTED)
    return Workload(
        load=load,
        spot=fields["spot"],
        gpu=_gpu(fields["gpu"]),
        min_memory_gib=fields["min_memory_gib"] or 0.0,
        min_tokens_per_s=default_speed(model) if asked_speed is None else asked_speed,
        cloud=fields["cloud"],
        region=fields["region"],
        machine=fields["machine"],
        max_hourly_usd=fields["max_hourly_usd"],
        rank_by=fields["rank_by"],
        egress_gib_month=fields["egress_gib_month"],
        exposure=exposure,
        load_balancer=exposure is Exposure.LOAD_BALANCED or fields.get("load_balancer", False),
        budget_hourly_usd=fields.get("budget_hourly_usd"),
        min_machines=fields["replicas"]["min"],
        max_machines=fields["replicas"]["max"],
    )


def check_names(wanted: Mapping[str, Any], catalogue: Catalogue) -> None:
    """Cloud, region and machine of a listing: the same refusals as in a request."""
    problems = Problems()
    _check_place(wanted, catalogue, problems)
    _check_machine({**wanted, "gpu": None}, catalogue, problems)
    problems.raise_if_any()


def find_model(name: str, catalogue: Catalogue) -> tuple[Model, Quantisation | None] | None:
    """The model behind a tag or another of its names, and the quantisation which that name fixes."""
    for known in (name, f"{name}:latest"):
        if known in catalogue.models:
            return catalogue.models[known], None
        if known in catalogue.aliases:
            tag, quantisation = catalogue.aliases[known]
            return catalogue.models[tag], quantisation
    return None


def nearest(name: str, catalogue: Catalogue) -> str:
    """Names that look like this one, for the error message."""
    return ", ".join(
        difflib.get_close_matches(name, [*catalogue.models, *catalogue.aliases], n=3, cutoff=0.5)
    )


def default_speed(model: Model) -> float:
    """Tokens a second below which nobody is sent unasked. An embedding model does not stream."""
    if "embedding" in model.capabilities:
        return 0.0
    return next(speed for size, speed in _DEFAULT_SPEEDS if model.parameters_b <= size)


class Problems:
    """Collects what is wrong, so that one answer names all of it."""

    def __init__(self) -> None:
        self._found: list[dict[str, str]] = []

    def add(self, field: str, message: str) -> None:
        self._found.append({"field": field, "message": message})

    def raise_if_any(self) -> None:
        if self._found:
            raise InvalidError("The catalogue can't meet this request.", errors=self._found)


def _model(fields: Mapping[str, Any], catalogue: Catalogue) -> tuple[Model, Quantisation | None]:
    name, given = fields["model"], fields.get("architecture")
    found = find_model(name, catalogue)
    if found is not None and given is not None:
        message = f"{name} is in the catalogue, whose figures hold; leave this out."
        raise InvalidError("Known model.", errors=[{"field": "architecture", "message": message}])
    if found is not None:
        return found
    if custom_models.is_hub(name):
        return custom_models.from_hub(fields, catalogue.models), None
    if given is not None:
        return custom_models.from_request(fields), None
    near = nearest(name, catalogue)
    hint = f" Near to it: {near}." if near else ""
    message = f"The catalogue has no model {name}.{hint} GET /api/models lists all. For another, {custom_models.HOW}."
    raise InvalidError("Unknown model.", errors=[{"field": "model", "message": message}])


def _load(fields: Mapping[str, Any], model: Model, named: Quantisation | None, problems: Problems) -> Load:
    asked = fields["quantisation"]
    if named and asked and asked != named:
        problems.add(
            "quantisation", f"The tag {fields['model']} is {named}; leave this out or name {model.tag}."
        )
    quantisation = asked or named or model.quantisation
    if quantisation not in model.quantisations:
        problems.add("quantisation", f"Must be one of: {', '.join(model.quantisations)} for {model.tag}.")
    context = fields["context_size"] or min(DEFAULT_CONTEXT, model.max_context)
    if context > model.max_context:
        problems.add(
            "context_size",
            f"Must be a whole number from {MIN_CONTEXT} to {model.max_context} for {model.tag}.",
        )
    kv_type = fields["kv_type"]
    if kv_type != KvType.F16 and not model.flash_attention:
        problems.add(
            "kv_type", f"Must be f16 for {model.tag}: it has no flash attention, which the others need."
        )
    return Load(model, context, fields["parallel"], quantisation, kv_type)


def _check_place(fields: Mapping[str, Any], catalogue: Catalogue, problems: Problems) -> None:
    region, cloud = fields["region"], fields["cloud"]
    if region is None:
        return
    known = sorted(name for name, found in catalogue.regions.items() if cloud in {None, found.cloud})
    if region not in catalogue.regions:
        problems.add("region", f"Must be one of: {', '.join(known)}.")
    elif region not in known:
        problems.add(
            "region", f"{region} belongs to {catalogue.regions[region].cloud}, but cloud is {cloud}."
        )


def _check_machine(fields: Mapping[str, Any], catalogue: Catalogue, problems: Problems) -> None:
    name = fields["machine"]
    if name is None:
        return
    if name not in catalogue.sold:
        problems.add(
            "machine", f"The catalogue has no machine type {name}. GET /api/pricing/machines lists all."
        )
        return
    machine, sold = catalogue.sold[name]
    if fields["cloud"] not in {None, machine.cloud}:
        problems.add("machine", f"{name} belongs to {machine.cloud}, but cloud is {fields['cloud']}.")
    region = fields["region"]
    if region in catalogue.regions and region not in sold:
        problems.add("machine", f"{name} is not sold in {region}; it is in: {', '.join(sold)}.")
    wish, kind = _gpu(fields["gpu"]), machine.gpu.kind if machine.gpu else None
    if wish and (wish.kind != kind or wish.count not in {None, machine.gpu_count}):
        has = f"{machine.gpu_count} x {machine.gpu.kind}" if machine.gpu else "no GPU"
        problems.add("gpu", f"{name} has {has}.")


def _gpu(wish: Any) -> GpuWish | None:
    if wish is None:
        return None
    if wish == NO_GPU:
        return GpuWish(None)
    return GpuWish(GpuKind(wish["kind"]), wish["count"])
