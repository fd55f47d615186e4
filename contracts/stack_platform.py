"""The spec of what all networks of an environment share: queues, stores, alarms, and the services themselves."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from contracts import stack_fields as base
from contracts import stack_rules as rules
from contracts.stack_model import PlatformSpec, Replica, Runtime

# The periods that CloudWatch Logs takes, up to three years.
LOG_RETENTION_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096)
DEFAULT_LOG_RETENTION_DAYS = 30
MOST_TASKS = 50

PLATFORM_OUTPUTS = (
    "queue_urls",
    "queue_arns",
    "dead_letter_arns",
    "model_bucket",
    "model_key_arn",
    "replica_bucket",
    "log_groups",
    "alarm_topic_arn",
    "dashboard",
)


class _ReplicaSchema(base.Strict):
    makes = Replica
    bucket = base.model_bucket()
    region = base.text(r"[a-z]{2}(-[a-z0-9]+)+", "a region name")
    enabled = base.flag(load_default=True)


class _RuntimeSchema(base.Strict):
    makes = Runtime
    image = base.text(
        r"[a-z0-9][a-z0-9._/-]{0,200}(:[A-Za-z0-9._-]{1,128})?@sha256:[0-9a-f]{64}",
        "an image with its digest, name@sha256:…",
    )
    vpc_id = base.named()
    subnets = fields.Dict(
        keys=fields.String(), values=fields.String(), required=True, validate=validate.Length(1, 6)
    )
    state_bucket = base.model_bucket()
    min_tasks = base.integer(1, MOST_TASKS, load_default=1)
    max_tasks = base.integer(1, MOST_TASKS, load_default=4)
    settings = fields.Dict(
        keys=fields.String(validate=rules.Pattern(r"[A-Z][A-Z0-9_]{0,63}", "the name of a setting")),
        values=fields.String(validate=validate.Length(max=2048)),
        load_default=dict,
        validate=validate.Length(max=50),
    )
    domain = fields.String(
        load_default=None,
        allow_none=True,
        validate=rules.Pattern(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", "a domain name"),
    )
    certificate = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 256))

    @validates_schema
    def agrees(self, data: dict[str, Any], **_: Any) -> None:
        if data["max_tasks"] < data["min_tasks"]:
            raise ValidationError("Must be at least min_tasks.", "max_tasks")
        if data["certificate"] is not None and data["domain"] is None:
            raise ValidationError("Needs the domain that it is for.", "certificate")


class PlatformSchema(base.CommonSchema):
    makes = PlatformSpec
    model_bucket = base.model_bucket()
    replica = fields.Nested(_ReplicaSchema, load_default=None, allow_none=True)
    customer_key = base.flag(load_default=True)
    log_retention_days = fields.Integer(
        strict=True,
        load_default=DEFAULT_LOG_RETENTION_DAYS,
        validate=validate.OneOf(LOG_RETENTION_DAYS),
    )
    alarm_emails = fields.List(
        fields.String(validate=rules.Pattern(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{3,190}", "an address")),
        load_default=list,
        validate=[validate.Length(max=10), rules.all_differ],
    )
    runtime = fields.Nested(_RuntimeSchema, load_default=None, allow_none=True)

    @validates_schema
    def the_replica_is_elsewhere(self, data: dict[str, Any], **_: Any) -> None:
        replica = data["replica"]
        if replica is not None and replica.region == data["region"]:
            raise ValidationError({"region": ["Must be another region than the platform's."]}, "replica")
        if replica is not None and replica.bucket == data["model_bucket"]:
            raise ValidationError({"bucket": ["Must be another bucket than the first."]}, "replica")
