"""The spec of what all networks of an environment share: queues, stores, alarms, and the services themselves."""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from contracts import stack_fields as base
from contracts import stack_rules as rules
from contracts.stack_model import PlatformSpec, Replica, Runtime
from contracts.stack_network import DEFAULT_SUPERNETS

# The periods that CloudWatch Logs takes, up to three years.
LOG_RETENTION_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096)
DEFAULT_LOG_RETENTION_DAYS = 30
MOST_TASKS = 50

# The settings of services that are secrets, and what each is called where the cloud keeps it. Their values are the
# operator's to fill in: a value in a spec would end in Terraform's state.
SECRETS: Mapping[str, str] = {
    "MONGODB_URI": "mongodb-uri",
    "FLOWLLAMA_SEALING_KEYS": "sealing-keys",
    "AUTH_SIGNING_KEYS_PEM": "auth-signing-keys",
    "SERVICE_CLIENTS": "service-clients",
    "DEPLOYMENTS_CLIENT_SECRET": "deployments-client-secret",
    "AGENT_CLIENT_SECRET": "agent-client-secret",
}

# What only a platform with a runtime tells.
RUNTIME_OUTPUTS = (
    "api_endpoint",
    "cluster",
    "services",
    "secrets",
    "state_bucket",
    "task_roles",
    "boundary_arn",
)

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
    *RUNTIME_OUTPUTS,
)


class _ReplicaSchema(base.Strict):
    makes = Replica
    bucket = base.model_bucket()
    region = base.named()
    enabled = base.flag(load_default=True)


_DOMAIN = rules.Pattern(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", "a domain name")


def _setting(name: str) -> None:
    rules.Pattern(r"[A-Z][A-Z0-9_]{0,63}", "the name of a setting")(name)
    if name in SECRETS:
        raise ValidationError(f"Is a secret: fill in {SECRETS[name]} where the cloud keeps it.")


def _optional(*validate_: Any) -> fields.String:
    return fields.String(load_default=None, allow_none=True, validate=[validate.Length(1, 256), *validate_])


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
    # None at all is for the first apply, when nobody has filled in the secrets yet.
    min_tasks = base.integer(0, MOST_TASKS, load_default=1)
    max_tasks = base.integer(1, MOST_TASKS, load_default=4)
    settings = fields.Dict(
        keys=fields.String(validate=_setting),
        values=fields.String(validate=validate.Length(max=2048)),
        load_default=dict,
        validate=validate.Length(max=50),
    )
    store_cidrs = fields.List(
        rules.Cidr(validate=rules.not_the_world),
        load_default=lambda: list(DEFAULT_SUPERNETS),
        validate=[validate.Length(1, 10), rules.all_differ],
    )
    domain = _optional(_DOMAIN)
    certificate = _optional()
    dns_zone = _optional()
    placement_zones = fields.List(
        fields.String(validate=validate.Length(1, 256)),
        load_default=list,
        validate=[validate.Length(max=10), rules.all_differ],
    )

    @validates_schema
    def agrees(self, data: dict[str, Any], **_: Any) -> None:
        if data["max_tasks"] < data["min_tasks"]:
            raise ValidationError("Must be at least min_tasks.", "max_tasks")
        for field in ("certificate", "dns_zone"):
            if data[field] is not None and data["domain"] is None:
                raise ValidationError("Needs the domain that it is for.", field)


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
    def every_bucket_is_another(self, data: dict[str, Any], **_: Any) -> None:
        runtime, replica = data["runtime"], data["replica"]
        others = {data["model_bucket"], replica.bucket if replica else None}
        if isinstance(runtime, Runtime) and runtime.state_bucket in others:
            raise ValidationError({"state_bucket": ["Must be another bucket than the models'."]}, "runtime")

    @validates_schema
    def the_replica_is_elsewhere(self, data: dict[str, Any], **_: Any) -> None:
        replica = data["replica"]
        if replica is not None and replica.region == data["region"]:
            raise ValidationError({"region": ["Must be another region than the platform's."]}, "replica")
        if replica is not None and replica.bucket == data["model_bucket"]:
            raise ValidationError({"bucket": ["Must be another bucket than the first."]}, "replica")
