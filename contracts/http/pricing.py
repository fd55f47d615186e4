"""Bodies of pricing: an estimate, the models, the machines, a selection and a blocked offer."""

import re
from typing import Any

from marshmallow import RAISE, Schema, fields, pre_load, validate

from contracts.http.numbers import RealNumber, UsdNumber, WholeNumber
from contracts.http.workload import WorkloadSchema
from contracts.vocabulary import Arch, Cloud, Exposure, GpuKind, KvType, Quantisation

MAX_CANDIDATES = 100
_WHOLE = re.compile(r"-?[0-9]{1,12}")
_REAL = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,12})?")
_ID = validate.Regexp(r"[a-z]{3}_[0-9a-hjkmnp-tv-z]{26}\Z", error="Must be an id.")
_PLACE = validate.Regexp(
    r"(?:aws|gcp):[a-z0-9-]{3,32}\Z", error="Must be cloud:region, such as aws:us-east-1."
)


class EstimateRequestSchema(WorkloadSchema):
    limit = WholeNumber(1, MAX_CANDIDATES, load_default=20)
    # Leaves out what could not be deployed here and now; without it, the whole catalogue is compared.
    connected_only = fields.Boolean(load_default=False, truthy={True, "true"}, falsy={False, "false"})


class EstimateQuerySchema(EstimateRequestSchema):
    """The same in a query string, where numbers come as text and a GPU as KIND or KIND:COUNT."""

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
    """The hourly amount by resource."""

    instance_usd = UsdNumber(required=True)
    disk_usd = UsdNumber(required=True)
    ip_usd = UsdNumber(required=True)


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
    hourly_usd = UsdNumber(required=True)
    monthly_usd = UsdNumber(places=2, required=True, metadata={"description": "730 hours."})
    breakdown = fields.Nested(BreakdownSchema, required=True)
    usd_per_mtok = UsdNumber(
        places=4, required=True, metadata={"description": "A million output tokens of one busy stream."}
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


class CatalogueSchema(Schema):
    """Which figures an answer was made from. `as_of` is the oldest price among them."""

    digest = fields.String(required=True)
    as_of = fields.Date(required=True)
    age_days = fields.Integer(required=True)
    stale = fields.Boolean(required=True)
    rule_version = fields.String(required=True)


class EstimateResponseSchema(Schema):
    requirements = fields.Nested(RequirementsSchema, required=True)
    candidates = fields.List(fields.Nested(CandidateSchema), required=True)
    candidates_total = fields.Integer(required=True)
    rejected = fields.List(fields.Nested(RejectionSchema), required=True)
    catalogue = fields.Nested(CatalogueSchema, required=True)


class ModelQuerySchema(Schema):
    class Meta:
        unknown = RAISE

    family = fields.String(load_default=None, validate=validate.Length(1, 64))
    capability = fields.String(load_default=None, validate=validate.Length(1, 32))


class ModelSchema(Schema):
    tag = fields.String(required=True)
    family = fields.String(required=True)
    parameters_b = fields.Float(required=True)
    active_parameters_b = fields.Float(required=True)
    quantisation = fields.Enum(Quantisation, by_value=True, required=True)
    quantisations = fields.List(fields.Enum(Quantisation, by_value=True), required=True)
    file_bytes = fields.Integer(required=True)
    max_context = fields.Integer(required=True)
    licence = fields.String(required=True)
    commercial_use = fields.String(required=True)
    capabilities = fields.List(fields.String(), required=True)
    recommended_use = fields.String(required=True)


class ModelDetailSchema(ModelSchema):
    """A model with its architecture and what it needs at the default context."""

    layers = fields.Integer(required=True)
    heads = fields.Integer(required=True)
    kv_heads = fields.Integer(required=True)
    head_dim_key = fields.Integer(required=True)
    head_dim_value = fields.Integer(required=True)
    hidden_size = fields.Integer(required=True)
    vocabulary = fields.Integer(required=True)
    attention = fields.String(required=True)
    notes = fields.String(required=True)
    verified = fields.String(required=True)
    source = fields.String(required=True)
    as_of = fields.Date(required=True)
    other_names = fields.List(fields.String(), required=True)
    requirements = fields.Nested(RequirementsSchema, required=True)


class ModelListSchema(Schema):
    items = fields.List(fields.Nested(ModelSchema), required=True)
    catalogue = fields.Nested(CatalogueSchema, required=True)


class MachineQuerySchema(Schema):
    class Meta:
        unknown = RAISE

    cloud = fields.Enum(Cloud, by_value=True, load_default=None)
    region = fields.String(load_default=None, validate=validate.Length(1, 32))
    machine = fields.String(load_default=None, validate=validate.Length(1, 64))
    gpu = fields.Enum(GpuKind, by_value=True, load_default=None)


class MachinePriceSchema(Schema):
    region = fields.String(required=True)
    on_demand_usd = UsdNumber(required=True)
    on_demand = fields.Nested(PriceNoteSchema, required=True)
    spot_usd = UsdNumber(required=True, allow_none=True)
    spot = fields.Nested(PriceNoteSchema, required=True, allow_none=True)


class MachineSchema(Schema):
    """A machine type and its prices: all regions where one machine or region is asked for, else the cheapest."""

    cloud = fields.Enum(Cloud, by_value=True, required=True)
    machine = fields.String(required=True)
    arch = fields.Enum(Arch, by_value=True, required=True)
    vcpus = fields.Integer(required=True)
    memory_gib = fields.Float(required=True)
    gpu = fields.Enum(GpuKind, by_value=True, required=True, allow_none=True)
    gpu_count = fields.Integer(required=True)
    gpu_memory_gib = fields.Float(required=True)
    note = fields.String(required=True)
    regions = fields.List(fields.String(), required=True)
    prices = fields.List(fields.Nested(MachinePriceSchema), required=True)


class MachineListSchema(Schema):
    items = fields.List(fields.Nested(MachineSchema), required=True)
    catalogue = fields.Nested(CatalogueSchema, required=True)


class SelectRequestSchema(Schema):
    """The agent asks for the offers to try. `placements` None means every connected region."""

    class Meta:
        unknown = RAISE

    deployment_id = fields.String(required=True, validate=_ID)
    workload = fields.Nested(WorkloadSchema, required=True)
    exposure = fields.Enum(Exposure, by_value=True, load_default=Exposure.ALLOW_LISTED)
    placements = fields.List(
        fields.String(validate=_PLACE), load_default=None, allow_none=True, validate=validate.Length(1, 64)
    )
    # Of offers; each comes once per zone.
    limit = WholeNumber(1, MAX_CANDIDATES, load_default=20)


class SelectedMachineSchema(Schema):
    """As a stack spec takes it."""

    type = fields.String(required=True)
    arch = fields.Enum(Arch, by_value=True, required=True)
    gpu_kind = fields.Enum(GpuKind, by_value=True, required=True, allow_none=True)
    gpu_count = fields.Integer(required=True)
    disk_gib = fields.Integer(required=True)


class SelectedNetworkSchema(Schema):
    vpc_id = fields.String(required=True)
    subnet_id = fields.String(required=True)
    instance_profile = fields.String(required=True)
    egress_cidrs = fields.List(fields.String(), required=True)


class SelectedCandidateSchema(OfferFieldsSchema):
    """One offer in one zone, with all that a stack spec needs. Money is a decimal string here."""

    account = fields.String(required=True)
    machine = fields.Nested(SelectedMachineSchema, required=True)
    hourly_usd = fields.Decimal(required=True, as_string=True)
    monthly_usd = fields.Decimal(required=True, as_string=True)
    network = fields.Nested(SelectedNetworkSchema, required=True)


class SelectedModelSchema(Schema):
    """As a stack spec takes it; `tag` is what the instance pulls."""

    tag = fields.String(required=True)
    context_size = fields.Integer(required=True)
    parallel = fields.Integer(required=True)
    kv_type = fields.Enum(KvType, by_value=True, required=True)


class SelectResponseSchema(Schema):
    decision_id = fields.String(required=True)
    model = fields.Nested(SelectedModelSchema, required=True)
    requirements = fields.Nested(RequirementsSchema, required=True)
    candidates = fields.List(fields.Nested(SelectedCandidateSchema), required=True)
    rejected = fields.List(fields.Nested(RejectionSchema), required=True)
    catalogue = fields.Nested(CatalogueSchema, required=True)


class BlockRequestSchema(Schema):
    """An offer had no capacity, or a quota refused it. Without a zone the whole region is meant."""

    class Meta:
        unknown = RAISE

    cloud = fields.Enum(Cloud, by_value=True, required=True)
    region = fields.String(required=True, validate=validate.Length(1, 32))
    zone = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 32))
    machine = fields.String(required=True, validate=validate.Length(1, 64))
    spot = fields.Boolean(required=True, truthy={True}, falsy={False})
    reason = fields.String(required=True, validate=validate.Length(1, 128))
    minutes = WholeNumber(1, 1440, load_default=30)


class BlockResponseSchema(Schema):
    id = fields.String(required=True)
    until = fields.AwareDateTime(required=True, format="iso")
