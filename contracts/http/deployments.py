"""Bodies of the deployments API."""

import ipaddress
from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, validate, validates_schema

from contracts import stack_rules
from contracts.http.replicas import ReplicasSchema, check_replicas
from contracts.http.webhook import validate_webhook_url
from contracts.http.workload import WorkloadSchema
from contracts.vocabulary import DeploymentStatus, Exposure, Reason, Tier

MAX_LABELS = 16
MAX_ALLOWED_CIDRS = 25  # What a stack spec takes.
PAGE_MAX = 100
IDEMPOTENCY_KEY_MAX = 128

NAME = validate.Regexp(
    r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z",
    error="Must have 1 to 63 lower-case letters, digits and dashes, and no dash at either end.",
)
_LABEL_KEY = validate.Regexp(
    r"[a-z][a-z0-9_.-]{0,62}\Z",
    error="A label's name starts with a letter and has at most 63 of a-z 0-9 _ . -",
)
_LABEL_VALUE = validate.Regexp(
    r"[A-Za-z0-9 _.:/@-]{0,63}\Z", error="A label's value has at most 63 of letters, digits and _ . : / @ -"
)


NEEDS_IPV4 = "Must name an IPv4 network: a balancer has no IPv6 address."


def validate_source_cidr(text: str) -> None:
    """A network that callers come from; the whole internet is never one, nor put together of a few."""
    stack_rules.not_the_world(text)
    network = ipaddress.ip_network(text)
    if network.is_multicast or network.is_unspecified or network.is_reserved:
        raise ValidationError("This network can't be a source of calls.")


class ExposureSchema(Schema):
    """Who reaches the instance, or the balancer before its replicas. Without a list, the address that made the
    request is the only one allowed."""

    class Meta:
        unknown = RAISE

    kind = fields.Enum(Exposure, by_value=True, load_default=Exposure.ALLOW_LISTED)
    allow_cidrs = fields.List(
        stack_rules.Cidr(validate=validate_source_cidr),
        load_default=None,
        allow_none=True,
        validate=[
            validate.Length(1, MAX_ALLOWED_CIDRS, error=f"Must list 1 to {MAX_ALLOWED_CIDRS} networks."),
            stack_rules.all_differ,
        ],
    )

    @validates_schema
    def _private_has_no_list(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["kind"] is Exposure.PRIVATE and data["allow_cidrs"]:
            raise ValidationError("A private instance takes no allow-list.", "allow_cidrs")

    @validates_schema
    def _a_balancer_has_no_ipv6(self, data: Mapping[str, Any], **_: Any) -> None:
        listed = data["allow_cidrs"]
        if data["kind"] is Exposure.LOAD_BALANCED and listed and all(":" in cidr for cidr in listed):
            raise ValidationError(NEEDS_IPV4, "allow_cidrs")


class WebhookSchema(Schema):
    class Meta:
        unknown = RAISE

    url = fields.String(required=True, validate=validate_webhook_url)


class CreateDeploymentSchema(WorkloadSchema):
    """What to run, and for whom it is reachable."""

    name = fields.String(load_default=None, allow_none=True, validate=NAME)
    labels = fields.Dict(
        keys=fields.String(validate=_LABEL_KEY),
        values=fields.String(validate=_LABEL_VALUE),
        load_default=dict,
        validate=validate.Length(max=MAX_LABELS, error=f"At most {MAX_LABELS} labels."),
    )
    exposure = fields.Nested(
        ExposureSchema, load_default=lambda: {"kind": Exposure.ALLOW_LISTED, "allow_cidrs": None}
    )
    webhook = fields.Nested(WebhookSchema, load_default=None, allow_none=True)

    @validates_schema
    def _several_need_a_balancer(self, data: Mapping[str, Any], **_: Any) -> None:
        check_replicas(data["replicas"], data["exposure"]["kind"])


class PageLimit(fields.Integer):
    """How many items a page has; comes as text in a query."""

    def __init__(self, *, load_default: int) -> None:
        message = f"Must be a whole number from 1 to {PAGE_MAX}."
        super().__init__(
            load_default=load_default,
            validate=validate.Range(1, PAGE_MAX, error=message),
            error_messages={"invalid": message},
        )


class CreateHeadersSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    idempotency_key = fields.String(
        data_key="Idempotency-Key",
        load_default=None,
        validate=validate.Regexp(
            r"[A-Za-z0-9_.:-]{1,128}\Z",
            error=f"Must have 1 to {IDEMPOTENCY_KEY_MAX} of letters, digits and _ . : -",
        ),
        metadata={
            "description": "The same key and body within 24 h return the first answer and create nothing."
        },
    )


class ListQuerySchema(Schema):
    class Meta:
        unknown = RAISE

    status = fields.Enum(DeploymentStatus, by_value=True, load_default=None)
    name = fields.String(load_default=None, validate=NAME)
    label = fields.String(
        load_default=None,
        validate=validate.Regexp(r"[a-z][a-z0-9_.-]{0,62}=[^=]{0,63}\Z", error="Must be name=value."),
    )
    limit = PageLimit(load_default=20)
    cursor = fields.String(load_default=None, validate=validate.Length(1, 512))


class EventsQuerySchema(Schema):
    class Meta:
        unknown = RAISE

    limit = PageLimit(load_default=50)
    cursor = fields.String(load_default=None, validate=validate.Length(1, 512))


class PlacementViewSchema(Schema):
    """The machine it runs on, or is being built on; with replicas each of them is one of these.

    `hourly_usd` and `monthly_usd` are the most that it can cost: those of as many replicas as there can be.
    """

    placement_id = fields.String(required=True)
    decision_id = fields.String(required=True)
    cloud = fields.String(required=True)
    region = fields.String(required=True)
    zone = fields.String(required=True)
    machine = fields.String(required=True)
    spot = fields.Boolean(required=True)
    hourly_usd = fields.Decimal(required=True, as_string=True)
    hourly_usd_at_min = fields.Decimal(
        as_string=True,
        allow_none=True,
        metadata={"description": "With as few replicas as there can be; null on older records."},
    )
    monthly_usd = fields.Decimal(required=True, as_string=True)
    instance_id = fields.String(allow_none=True)
    address = fields.String(allow_none=True)


class EndpointSchema(Schema):
    """Where the model answers. Verify its certificate with `ca_pem`, a balancer's where it is null with the public
    roots; send the token as a bearer."""

    url = fields.String(required=True)
    ca_pem = fields.String(allow_none=True)


class BootSchema(Schema):
    """How far the instance has come, as it reports itself; of replicas that nobody hears yet, how many are launched."""

    phase = fields.String(required=True)
    progress_pct = fields.Integer(allow_none=True)
    detail = fields.String(allow_none=True)


class CostSchema(Schema):
    """Machine time so far at the offer's price; storage and traffic are within the monthly figure."""

    accrued_usd = fields.Decimal(
        required=True,
        as_string=True,
        metadata={
            "description": "At most: with fewer replicas than there can be it cost less. Exact where min is max."
        },
    )
    hours = fields.Decimal(
        required=True,
        as_string=True,
        metadata={"description": "That the deployment stood, however many replicas it had."},
    )


class DeploymentSchema(Schema):
    id = fields.String(required=True)
    name = fields.String(required=True)
    status = fields.Enum(DeploymentStatus, by_value=True, required=True)
    reason = fields.Enum(Reason, by_value=True, required=True)
    detail = fields.String(allow_none=True)
    tier = fields.Enum(Tier, by_value=True, required=True)
    generation = fields.Integer(required=True)
    workload = fields.Dict(required=True, metadata={"description": "What was asked for, defaults filled in."})
    exposure = fields.Dict(required=True)
    replicas = fields.Nested(
        ReplicasSchema,
        required=True,
        metadata={"description": "How many machines there are at least and at most."},
    )
    labels = fields.Dict(required=True)
    placement = fields.Nested(PlacementViewSchema, allow_none=True)
    endpoint = fields.Nested(EndpointSchema, allow_none=True)
    boot = fields.Nested(BootSchema, allow_none=True)
    cost = fields.Nested(CostSchema, allow_none=True)
    webhook_id = fields.String(allow_none=True)
    created_at = fields.AwareDateTime(required=True, format="iso")
    updated_at = fields.AwareDateTime(required=True, format="iso")


class CredentialsSchema(Schema):
    """Shown once. The platform keeps only what verifies them."""

    token = fields.String(required=True, metadata={"description": "Bearer token of the instance."})
    webhook_secret = fields.String(
        allow_none=True,
        metadata={"description": "`whsec_…`: verifies webhooks by the Standard Webhooks scheme."},
    )


class CreatedDeploymentSchema(DeploymentSchema):
    credentials = fields.Nested(CredentialsSchema, required=True)


class DeploymentPageSchema(Schema):
    items = fields.List(fields.Nested(DeploymentSchema), required=True)
    next_cursor = fields.String(allow_none=True, required=True)


class EventViewSchema(Schema):
    id = fields.String(required=True)
    sequence = fields.Integer(required=True)
    status = fields.String(required=True)
    previous = fields.String(allow_none=True, required=True)
    reason = fields.String(required=True)
    detail = fields.String(allow_none=True, required=True)
    occurred_at = fields.String(required=True)


class EventPageSchema(Schema):
    items = fields.List(fields.Nested(EventViewSchema), required=True)
    next_cursor = fields.String(allow_none=True, required=True)
