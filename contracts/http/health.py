"""What an instance says of itself, and the bodies of the health API."""

from marshmallow import EXCLUDE, RAISE, Schema, fields, validate

from contracts.http.deployments import PageLimit
from contracts.vocabulary import Cloud, InstanceStatus, Reason

PHASES = ("booting", "drivers", "installing", "pulling", "loading", "ready", "failed")
_PERCENT = validate.Range(0, 100)


class InterruptionSchema(Schema):
    """The cloud announced that it takes the machine back."""

    class Meta:
        unknown = EXCLUDE

    action = fields.String(required=True, validate=validate.Length(max=64))
    time = fields.String(required=True, validate=validate.Length(max=64))


class InstanceSaysSchema(Schema):
    """`GET /_flowllama/status` of an instance. Instances are older than the platform: unknown fields pass."""

    class Meta:
        unknown = EXCLUDE

    phase = fields.String(required=True, validate=validate.OneOf(PHASES))
    progress_pct = fields.Integer(load_default=None, allow_none=True, strict=True, validate=_PERCENT)
    detail = fields.String(load_default=None, allow_none=True)
    in_flight = fields.Integer(load_default=0, strict=True, validate=validate.Range(0))
    interruption = fields.Nested(InterruptionSchema, load_default=None, allow_none=True)
    placement_id = fields.String(required=True, validate=validate.Length(1, 64))


class InstancesQuerySchema(Schema):
    class Meta:
        unknown = RAISE

    deployment_id = fields.String(required=True, validate=validate.Length(1, 64))


class BootViewSchema(Schema):
    """How far the machine has come, as it says itself. `progress_pct` is of the model's download."""

    phase = fields.String(required=True)
    progress_pct = fields.Integer(required=True, allow_none=True)
    detail = fields.String(required=True, allow_none=True)


class InstanceViewSchema(Schema):
    """One machine that was built for a deployment."""

    placement_id = fields.String(required=True)
    generation = fields.Integer(required=True)
    cloud = fields.Enum(Cloud, by_value=True, required=True)
    region = fields.String(required=True)
    instance_id = fields.String(required=True)
    address = fields.String(required=True)
    port = fields.Integer(required=True)
    model = fields.String(required=True)
    status = fields.Enum(InstanceStatus, by_value=True, required=True)
    reason = fields.Enum(Reason, by_value=True, required=True)
    detail = fields.String(required=True)
    boot = fields.Nested(BootViewSchema, required=True)
    interruption = fields.Nested(InterruptionSchema, required=True, allow_none=True)
    launched_at = fields.AwareDateTime(required=True, format="iso")
    changed_at = fields.AwareDateTime(required=True, format="iso")
    last_poll_at = fields.AwareDateTime(required=True, allow_none=True, format="iso")
    removed_at = fields.AwareDateTime(required=True, allow_none=True, format="iso")


class InstanceListSchema(Schema):
    items = fields.List(fields.Nested(InstanceViewSchema), required=True)


class DeliveriesQuerySchema(Schema):
    class Meta:
        unknown = RAISE

    limit = PageLimit(load_default=50)


class DeliveryViewSchema(Schema):
    """One webhook message: how often it was sent and what came of it."""

    id = fields.String(required=True, metadata={"description": "The `webhook-id` the receiver sees."})
    webhook_id = fields.String(required=True)
    sequence = fields.Integer(required=True)
    state = fields.String(required=True)
    attempts = fields.Integer(required=True)
    next_at = fields.AwareDateTime(required=True, allow_none=True, format="iso")
    last_status = fields.Integer(required=True, allow_none=True)
    last_error = fields.String(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True, format="iso")
    finished_at = fields.AwareDateTime(required=True, allow_none=True, format="iso")


class DeliveryListSchema(Schema):
    items = fields.List(fields.Nested(DeliveryViewSchema), required=True)
