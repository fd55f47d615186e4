"""The catalogue: models, GPUs, machines, regions and their dated prices, read from `data/` into one object.

Its digest covers every byte of the tables, so a stored decision names exactly the figures it was made from.
"""

import csv
import hashlib
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from contracts.vocabulary import Arch, Cloud, GpuKind, Quantisation
from services.pricing.models import Model, read_model
from services.pricing.prices import Price, PriceRow, read_price, read_resource

DATA = Path(__file__).parent / "data"
_TABLES = ("models", "model_details", "gpus", "machines", "regions", "resources", "prices")

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Gpu:
    """One kind of GPU. `spec_gb_s` is the data sheet's bandwidth, `effective_gb_s` what decoding reaches."""

    kind: GpuKind
    usable_gib: float
    spec_gb_s: float
    effective_gb_s: float
    fixed_ms: float
    several_effective_gb_s: float
    several_fixed_ms: float


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine type. Without a GPU it carries the measured speed of its CPU."""

    cloud: Cloud
    name: str
    arch: Arch
    vcpus: int
    memory_gib: float
    gpu: Gpu | None
    gpu_count: int
    cpu_effective_gb_s: float
    cpu_fixed_ms: float
    speed_source: str
    note: str

    @property
    def model_memory_gib(self) -> float:
        """All memory that can hold a model: the GPUs' together, or RAM where there is none."""
        return self.gpu.usable_gib * self.gpu_count if self.gpu else self.memory_gib


@dataclass(frozen=True, slots=True)
class Region:
    cloud: Cloud
    name: str
    location: str
    zones: tuple[str, ...]
    disk_gb_month: Price
    ipv4_hour: Price


@dataclass(frozen=True)
class Catalogue:
    """Everything a choice is made from. Never changed after loading."""

    models: dict[str, Model]
    machines: dict[tuple[Cloud, str], Machine]
    regions: dict[str, Region]
    prices: tuple[PriceRow, ...]
    digest: str
    refused: tuple[str, ...]

    @cached_property
    def aliases(self) -> dict[str, tuple[str, Quantisation | None]]:
        """Other names of a model, each with the quantisation it fixes, if it does."""
        return {
            alias: (tag, quant) for tag, model in self.models.items() for alias, quant in model.other_names()
        }

    @cached_property
    def as_of(self) -> date:
        """The oldest on-demand price: nothing in an answer is older than what it says."""
        return min(row.on_demand.as_of for row in self.prices)


def load_catalogue(folder: Path = DATA) -> Catalogue:
    """Reads all tables. A price outside its sane bounds is left out and named in `refused`."""
    tables = {name: _read(folder / f"{name}.csv") for name in _TABLES}
    details = {row["tag"]: row for row in tables["model_details"]}
    gpus = {gpu.kind: gpu for gpu in map(_gpu, tables["gpus"])}
    machines = {
        (machine.cloud, machine.name): machine for machine in (_machine(r, gpus) for r in tables["machines"])
    }
    refused: list[str] = []
    prices = [read_price(row, refused) for row in tables["prices"]]
    return Catalogue(
        models={row["tag"]: read_model(row, details[row["tag"]]) for row in tables["models"]},
        machines=machines,
        regions=_regions(tables["regions"], tables["resources"]),
        prices=tuple(price for price in prices if price is not None),
        digest=_digest(folder),
        refused=tuple(refused),
    )


def _gpu(row: Row) -> Gpu:
    return Gpu(
        kind=GpuKind(row["kind"]),
        usable_gib=int(row["usable_mib"]) / 1024,
        spec_gb_s=float(row["spec_gb_s"]),
        effective_gb_s=float(row["effective_gb_s"]),
        fixed_ms=float(row["fixed_ms"]),
        several_effective_gb_s=float(row["several_effective_gb_s"]),
        several_fixed_ms=float(row["several_fixed_ms"]),
    )


def _machine(row: Row, gpus: dict[GpuKind, Gpu]) -> Machine:
    return Machine(
        cloud=Cloud(row["cloud"]),
        name=row["machine"],
        arch=Arch(row["arch"]),
        vcpus=int(row["vcpus"]),
        memory_gib=float(row["memory_gib"]),
        gpu=gpus[GpuKind(row["gpu_kind"])] if row["gpu_kind"] else None,
        gpu_count=int(row["gpu_count"]),
        cpu_effective_gb_s=float(row["cpu_effective_gb_s"] or 0),
        cpu_fixed_ms=float(row["cpu_fixed_ms"] or 0),
        speed_source=row["cpu_speed_source"],
        note=row["note"],
    )


def _regions(rows: list[Row], resources: list[Row]) -> dict[str, Region]:
    prices = {(row["cloud"], row["region"], row["resource"]): read_resource(row) for row in resources}
    return {
        row["region"]: Region(
            cloud=Cloud(row["cloud"]),
            name=row["region"],
            location=row["location"],
            zones=tuple(row["zones"].split("|")),
            disk_gb_month=prices[row["cloud"], row["region"], "disk_gb_month"],
            ipv4_hour=prices[row["cloud"], row["region"], "ipv4_hour"],
        )
        for row in rows
    }


def _digest(folder: Path) -> str:
    found = hashlib.sha256()
    for name in _TABLES:
        found.update(hashlib.sha256((folder / f"{name}.csv").read_bytes()).digest())
    return f"sha256:{found.hexdigest()}"


def _read(path: Path) -> list[Row]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
