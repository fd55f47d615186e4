"""The catalogue: models, GPUs, machines, regions and their dated prices, read from the tables into one object."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from contracts.vocabulary import Arch, Cloud, GpuKind, Quantisation
from services.pricing.facts.extras import RegionCosts, read_resources
from services.pricing.facts.interruptions import Rates, read_rates
from services.pricing.facts.model_schema import read_model
from services.pricing.facts.models import Model
from services.pricing.facts.prices import STALE_DAYS, PriceRow, read_price
from services.pricing.facts.tables import Row, Tables, read_tables


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
    costs: RegionCosts


@dataclass(frozen=True)
class Catalogue:
    """Everything a choice is made from. Never changed after loading."""

    models: dict[str, Model]
    machines: dict[tuple[Cloud, str], Machine]
    regions: dict[str, Region]
    prices: tuple[PriceRow, ...]
    interruptions: Rates
    tables: Tables
    refused: tuple[str, ...]
    stale_days: int = STALE_DAYS

    @property
    def digest(self) -> str:
        """Of the tables: a stored decision names exactly the figures it was made from."""
        return self.tables.digest

    @cached_property
    def aliases(self) -> dict[str, tuple[str, Quantisation | None]]:
        """Other names of a model, each with the quantisation it fixes, if it does."""
        return {
            alias: (tag, quant) for tag, model in self.models.items() for alias, quant in model.other_names()
        }

    @cached_property
    def sold(self) -> dict[str, tuple[Machine, tuple[str, ...]]]:
        """By name every machine type, and where it is sold: looked up by a request that names one."""
        regions: dict[str, list[str]] = defaultdict(list)
        for row in self.prices:
            regions[row.machine].append(row.region)
        return {name: (machine, tuple(sorted(regions[name]))) for (_, name), machine in self.machines.items()}

    @cached_property
    def as_of(self) -> date:
        """The oldest price of a machine, on demand or spot: none in an answer is older than what it says."""
        return min(self.oldest.values())

    @cached_property
    def oldest(self) -> dict[str, date]:
        """The same by cloud."""
        found: dict[str, date] = {}
        for row in self.prices:
            for price in (row.on_demand, *row.spot.values()):
                found[row.cloud] = min(price.as_of, found.get(row.cloud, price.as_of))
        return found


def load_catalogue(tables: Tables | None = None, stale_days: int = STALE_DAYS) -> Catalogue:
    """From these tables, or from those that come with the program. A price outside its sane bounds is left out
    and named in `refused`."""
    found = read_tables() if tables is None else tables
    details = {row["tag"]: row for row in found.rows("model_details")}
    gpus = {gpu.kind: gpu for gpu in map(_gpu, found.rows("gpus"))}
    machines = [_machine(row, gpus) for row in found.rows("machines")]
    refused: list[str] = []
    prices = [read_price(row, refused) for row in found.rows("prices")]
    return Catalogue(
        models={row["tag"]: read_model(row, details[row["tag"]]) for row in found.rows("models")},
        machines={(machine.cloud, machine.name): machine for machine in machines},
        regions=_regions(found.rows("regions"), found.rows("resources")),
        prices=tuple(price for price in prices if price is not None),
        interruptions=read_rates(found.rows("interruptions")),
        tables=found,
        refused=tuple(refused),
        stale_days=stale_days,
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
    priced = read_resources(resources)
    return {
        row["region"]: Region(
            cloud=Cloud(row["cloud"]),
            name=row["region"],
            location=row["location"],
            zones=tuple(row["zones"].split("|")),
            costs=RegionCosts(
                priced[row["cloud"], row["region"]], nat_by_machine=Cloud(row["cloud"]) is Cloud.GCP
            ),
        )
        for row in rows
    }
