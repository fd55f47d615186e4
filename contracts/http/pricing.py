"""An estimate: what a workload needs, the offers that serve it, and why the others are out."""

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields, pre_load, validate, validates_schema

from contracts.http.numbers import RealNumber, UsdAmount, UsdNumber, WholeNumber
from contracts.http.replicas import ReplicasText, check_replicas, one_machine
from contracts.http.workload import WorkloadSchema
from contracts.vocabulary import Arch, Cloud, Exposure, GpuKind, KvType, Quantisation

MAX_CANDIDATES = 100
_WHOLE = re.compile(r"-?[0-9]{1,12}")
_REAL = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,12})?")


class EstimateRequestSchema(WorkloadSchema):
    limit = WholeNumber(1, MAX_CANDIDATES, load_default=20)
    # Leaves out what could not be deployed here and now; without it, the whole catalogue is compared.
    exposure = fields.Enum(Exposure, by_value=True, load_default=Exposure.ALLOW_LISTED)
    # A balancer's price on top. An exposure of load_balanced has one in any case.
    load_balancer = fields.Boolean(load_default=False, truthy={True, "true"}, falsy={False, "false"})
    # What a budget leaves for an hour; dearer offers are out.
    budget_hourly_usd = UsdAmount(1_000_000, load_default=None, allow_none=True)
    connected_only = fields.Boolean(load_default=False, truthy={True, "true"}, falsy={False, "false"})

    @validates_schema
    def _several_need_a_balancer(self, data: Mapping[str, Any], **_: Any) -> None:
        check_replicas(data["replicas"], data["exposure"])


class EstimateQuerySchema(EstimateRequestSchema):
    """The same in a query string: numbers come as text, a GPU as KIND or KIND:COUNT, replicas as N or MIN:MAX.

    An architecture is an object and takes a body.
    """

    class Meta(EstimateRequestSchema.Meta):
        exclude = ("architecture",)

    replicas = ReplicasText(load_default=one_machine)

    @pre_load
    def read_numbers(self, data: Any, **_: Any) -> dict[str, Any]:
        return {name: self._read(name, value) for name, value in dict(data).items()}

    def _read(self, name: str, value: Any) -> Any:
        field = self.fields.get(name)
        if isinstance(field, WholeNumber) and _WHOLE.fullmatch(str(value)):
            return int(value)
        if isinstance(field, RealNumber) and _REAL.fullmatch(str(value)):
            return float(value)
        return value


class RequirementsSchema(Schema):
    """What the workload needs, in GiB. `vram_gib` is the sum of weights, KV cache and overhead on one GPU."""

    model = fields.String(required=True)
    pull_tag = fields.String(required=True)
    architecture_from = fields.String(
        required=True,
        metadata={"description": "Whose figures: the catalogue, a model by its name, the request."},
    )
    context_size = fields.Integer(required=True)
    parallel = fields.Integer(required=True)
    quantisation = fields.Enum(Quantisation, by_value=True, required=True)
    kv_type = fields.Enum(KvType, by_value=True, required=True)
    vram_gib = fields.Float(required=True)
    weights_gib = fields.Float(required=True)
    kv_cache_gib = fields.Float(required=True)
    overhead_gib = fields.Float(required=True)
    compute_gib = fields.Float(required=True)
    reserve_gib = fields.Float(required=True)
    ram_gib = fields.Float(required=True, metadata={"description": "Of a machine that serves from its CPU."})
    host_ram_gib = fields.Float(required=True, metadata={"description": "Beside a GPU."})
    disk_gib = fields.Integer(required=True)
    min_tokens_per_s = fields.Float(required=True)


class BreakdownSchema(Schema):
    """The hourly amount by resource; the parts add up to `hourly_usd`, so they are those of all machines."""

    instance_usd = UsdNumber(required=True)
    disk_usd = UsdNumber(required=True)
    ip_usd = UsdNumber(required=True)
    egress_usd = UsdNumber(required=True)
    model_bucket_usd = UsdNumber(
        required=True, metadata={"description": "The copy of the weights in the region's bucket."}
    )
    nat_usd = UsdNumber(
        required=True,
        metadata={
            "description": "Of machines without an address, its own included; charged whole, though a region's machines share it."
        },
    )
    load_balancer_usd = UsdNumber(required=True)


class PriceNoteSchema(Schema):
    """Where the price of the machine comes from, and how old it is."""

    source = fields.String(required=True)
    as_of = fields.Date(required=True)
    age_days = fields.Integer(required=True)
    stale = fields.Boolean(required=True)


class OfferFieldsSchema(Schema):
    cloud = fields.Enum(Cloud, by_value=True, required=True)
    region = fields.String(required=True)
    zone = fields.String(required=True)
    spot = fields.Boolean(required=True)
    tokens_per_s = fields.Float(required=True)


class CandidateSchema(OfferFieldsSchema):
    """One offer that serves the workload; candidates come in the order to try them."""

    zones = fields.List(fields.String(), required=True)
    machine = fields.String(required=True)
    arch = fields.Enum(Arch, by_value=True, required=True)
    vcpus = fields.Integer(required=True)
    memory_gib = fields.Float(required=True)
    gpu = fields.Enum(GpuKind, by_value=True, required=True, allow_none=True)
    gpu_count = fields.Integer(required=True)
    hourly_usd = UsdNumber(
        required=True,
        metadata={"description": "With as many machines as it can have: the dearest it becomes."},
    )
    hourly_usd_at_min = UsdNumber(
        required=True, metadata={"description": "With as few as it can have; what it costs at rest."}
    )
    machine_hourly_usd = UsdNumber(
        required=True, metadata={"description": "One machine alone, without disk, address and the rest."}
    )
    expected_hourly_usd = UsdNumber(
        required=True,
        metadata={"description": "With the expected cost of interruptions; what offers are ranked by."},
    )
    monthly_usd = UsdNumber(places=2, required=True, metadata={"description": "730 hours."})
    breakdown = fields.Nested(BreakdownSchema, required=True)
    usd_per_mtok = UsdNumber(
        places=4,
        required=True,
        metadata={"description": "A million output tokens, with one busy stream on each machine."},
    )
    interruption_band = fields.String(required=True, allow_none=True)
    connected = fields.Boolean(required=True, allow_none=True)
    price = fields.Nested(PriceNoteSchema, required=True)
    reasons = fields.List(fields.String(), required=True)


class RejectionSchema(Schema):
    """Offers that are out, each counted once, under the first reason that holds."""

    reason = fields.String(required=True)
    count = fields.Integer(required=True)
    examples = fields.List(fields.String(), required=True)


class SourceSchema(Schema):
    """Whence prices come: `live` answered within its time, `cached` did before, `snapshot` came with the program."""

    source = fields.String(required=True)
    cloud = fields.String(required=True)
    status = fields.String(required=True, validate=validate.OneOf(["live", "cached", "snapshot"]))
    fetched_at = fields.AwareDateTime(required=True, allow_none=True, format="iso")
    age_s = fields.Integer(required=True, allow_none=True)
    error = fields.String(required=True, allow_none=True)


class CatalogueSchema(Schema):
    """Which figures an answer was made from. `as_of` is the oldest price among them."""

    digest = fields.String(required=True)
    as_of = fields.Date(required=True)
    age_days = fields.Integer(required=True)
    stale = fields.Boolean(required=True)
    rule_version = fields.String(required=True)
    sources = fields.List(fields.Nested(SourceSchema), required=True)


class CloudBestSchema(Schema):
    """The best offer of one cloud, and how much dearer it is than the best of all."""

    cloud = fields.Enum(Cloud, by_value=True, required=True)
    candidate = fields.Nested(CandidateSchema, required=True, allow_none=True)
    above_best_pct = fields.Float(required=True, allow_none=True)


class EstimateResponseSchema(Schema):
    requirements = fields.Nested(RequirementsSchema, required=True)
    by_cloud = fields.List(
        fields.Nested(CloudBestSchema),
        required=True,
        metadata={"description": "Side by side, whichever wins; one entry where a cloud was asked for."},
    )
    candidates = fields.List(fields.Nested(CandidateSchema), required=True)
    candidates_total = fields.Integer(required=True)
    rejected = fields.List(fields.Nested(RejectionSchema), required=True)
    catalogue = fields.Nested(CatalogueSchema, required=True)
