"""Between the agent and pricing: the offers to try for a deployment, and that one had no capacity."""

from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from contracts.http.numbers import UsdAmount, WholeNumber
from contracts.http.patterns import WholeText
from contracts.http.pricing import (
    MAX_CANDIDATES,
    CatalogueSchema,
    OfferFieldsSchema,
    RejectionSchema,
    RequirementsSchema,
)
from contracts.http.replicas import check_replicas
from contracts.http.workload import WorkloadSchema
from contracts.stack_deployment import MOST_REPLICAS
from contracts.vocabulary import Arch, Cloud, Exposure, GpuKind, KvType

_ID = WholeText(r"[a-z]{3}_[0-9a-hjkmnp-tv-z]{26}", error="Must be an id.")
_PLACE = WholeText(r"(?:aws|gcp):[a-z0-9-]{3,32}", error="Must be cloud:region, such as aws:us-east-1.")


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
    # What the user's budget leaves for an hour; None where there is none.
    budget_hourly_usd = UsdAmount(1_000_000, load_default=None, allow_none=True)
    # Of offers; each comes once per zone, and with an exposure of load_balanced once for all its zones.
    limit = WholeNumber(1, MAX_CANDIDATES, load_default=20)

    @validates_schema
    def _several_need_a_balancer(self, data: Mapping[str, Any], **_: Any) -> None:
        try:
            check_replicas(data["workload"]["replicas"], data["exposure"])
        except ValidationError as error:
            raise ValidationError({"workload": error.messages}) from error


class SelectedMachineSchema(Schema):
    """As a stack spec takes it."""

    type = fields.String(required=True)
    arch = fields.Enum(Arch, by_value=True, required=True)
    gpu_kind = fields.Enum(GpuKind, by_value=True, required=True, allow_none=True)
    gpu_count = fields.Integer(required=True)
    disk_gib = fields.Integer(required=True)


class SelectedBalancerSchema(Schema):
    """As a stack spec takes it: its subnets are public ones."""

    subnets = fields.List(fields.String(), required=True)
    certificate = fields.String(required=True, allow_none=True)
    domain = fields.String(required=True, allow_none=True)
    dns_zone = fields.String(required=True, allow_none=True)


class SelectedNetworkSchema(Schema):
    """`subnets` are by zone where replicas may stand, `subnet_id` the one in the candidate's zone. `public`: the
    machines have addresses of their own. `balancer` is there exactly with an exposure of load_balanced."""

    vpc_id = fields.String(required=True)
    subnet_id = fields.String(required=True)
    subnets = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    public = fields.Boolean(required=True)
    balancer = fields.Nested(SelectedBalancerSchema, required=True, allow_none=True)
    instance_profile = fields.String(required=True)
    egress_cidrs = fields.List(fields.String(), required=True)


class SelectedCandidateSchema(OfferFieldsSchema):
    """One offer in one zone, with all that a stack spec needs. Money is a decimal string here.

    With replicas `hourly_usd` and `monthly_usd` are those of as many machines as there can be.
    """

    account = fields.String(required=True)
    machine = fields.Nested(SelectedMachineSchema, required=True)
    hourly_usd = fields.Decimal(required=True, as_string=True)
    hourly_usd_at_min = fields.Decimal(required=True, as_string=True)
    # One machine alone: what a spot bid is about.
    instance_usd = fields.Decimal(required=True, as_string=True)
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
    """An offer had no capacity, or a quota refused it. Without a zone the whole region is meant; a quota stands
    for all machines of the family that it counts, of which `machine` is one."""

    class Meta:
        unknown = RAISE

    cloud = fields.Enum(Cloud, by_value=True, required=True)
    region = fields.String(required=True, validate=validate.Length(1, 32))
    zone = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 32))
    machine = fields.String(required=True, validate=validate.Length(1, 64))
    spot = fields.Boolean(required=True, truthy={True}, falsy={False})
    reason = fields.String(required=True, validate=validate.Length(1, 128))
    quota = fields.Boolean(load_default=False, truthy={True}, falsy={False})
    # How many of the machine were asked for at once: what a quota refused is that many times the machine.
    machines = WholeNumber(1, MOST_REPLICAS, load_default=1)
    minutes = WholeNumber(1, 1440, load_default=30)


class BlockResponseSchema(Schema):
    id = fields.String(required=True)
    until = fields.AwareDateTime(required=True, format="iso")
