"""The spec of one placement of a deployment: a single machine, or replicas behind a balancer."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from contracts import stack_fields as base
from contracts import stack_rules as rules
from contracts.stack_model import (
    Balancer,
    DeploymentSpec,
    Logs,
    Machine,
    Model,
    Ollama,
    Reach,
    Replicas,
    Tokens,
)
from contracts.vocabulary import Arch, Exposure, GpuKind, KvType

CONTEXT_RANGE = (256, 10_485_760)
PARALLEL_RANGE = (1, 64)
DISK_RANGE_GIB = (8, 16_384)
MOST_REPLICAS = 16

DEPLOYMENT_OUTPUTS = (
    "instance_id",
    "private_ip",
    "public_ip",
    "address",
    "spot_request_id",
    "security_group_id",
)
# Only with replicas; Terraform leaves out what has no value.
BALANCED_OUTPUTS = ("balancer_name",)


class _MachineSchema(base.Strict):
    makes = Machine
    type = base.named()
    arch = fields.Enum(Arch, by_value=True, required=True)
    gpu_kind = fields.Enum(GpuKind, by_value=True, required=True, allow_none=True)
    gpu_count = base.integer(0, 16)
    disk_gib = base.integer(*DISK_RANGE_GIB)

    @validates_schema
    def kind_and_count_agree(self, data: dict[str, Any], **_: Any) -> None:
        if (data["gpu_kind"] is None) != (data["gpu_count"] == 0):
            raise ValidationError("Must be 0 without a gpu_kind and at least 1 with one.", "gpu_count")


class _ReachSchema(base.Strict):
    makes = Reach
    kind = fields.Enum(Exposure, by_value=True, required=True)
    allow_cidrs = base.cidrs()
    service_cidrs = base.cidrs()

    @validates_schema
    def listed_means_a_list(self, data: dict[str, Any], **_: Any) -> None:
        if data["kind"] is not Exposure.PRIVATE and not data["allow_cidrs"]:
            raise ValidationError(
                "Must name at least one network unless the exposure is private.", "allow_cidrs"
            )


class _OllamaSchema(base.Strict):
    makes = Ollama
    version = fields.String(required=True, validate=rules.ollama_version)
    sha256 = base.sha256()


class _ModelSchema(base.Strict):
    makes = Model
    tag = fields.String(required=True, validate=rules.model_tag)
    context_size = base.integer(*CONTEXT_RANGE)
    parallel = base.integer(*PARALLEL_RANGE)
    kv_type = fields.Enum(KvType, by_value=True, required=True)
    digest = fields.String(
        required=True,
        allow_none=True,
        validate=rules.Pattern(r"(sha256:)?[0-9a-f]{12,64}", "a digest in hex"),
    )


class _TokensSchema(base.Strict):
    makes = Tokens
    user_sha256 = base.sha256()
    health_sha256 = base.sha256()

    @validates_schema
    def two_tokens(self, data: dict[str, Any], **_: Any) -> None:
        if data["user_sha256"] == data["health_sha256"]:
            raise ValidationError("Must differ from the user's.", "health_sha256")


class _LogsSchema(base.Strict):
    makes = Logs
    group = base.text(r"/flowllama/[A-Za-z0-9_./-]{1,200}", "a log group below /flowllama/")
    agent_url = base.text(r"https://[A-Za-z0-9._~:/%+-]{1,400}\.deb", "an https address of a Debian package")
    agent_sha256 = base.sha256()


class _ReplicasSchema(base.Strict):
    makes = Replicas
    min = base.integer(1, MOST_REPLICAS)
    max = base.integer(1, MOST_REPLICAS)
    subnets = fields.Dict(
        keys=fields.String(), values=fields.String(), required=True, validate=validate.Length(1, 6)
    )
    public = base.flag()

    @validates_schema
    def in_order(self, data: dict[str, Any], **_: Any) -> None:
        if data["max"] < data["min"]:
            raise ValidationError("Must be at least min.", "max")


class _BalancerSchema(base.Strict):
    makes = Balancer
    subnets = fields.List(fields.String(), required=True, validate=[validate.Length(1, 6), rules.all_differ])
    certificate = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 256))
    domain = fields.String(load_default=None, allow_none=True, validate=rules.domain_name)
    dns_zone = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 128))

    @validates_schema
    def a_record_has_a_name(self, data: dict[str, Any], **_: Any) -> None:
        if data["dns_zone"] is not None and data["domain"] is None:
            raise ValidationError("Needs a domain, or there is no name to record.", "dns_zone")


class DeploymentSchema(base.CommonSchema):
    makes = DeploymentSpec
    deployment_id = base.text(r"dep_[0-9a-z]{26}", "dep_ and a lower-case ULID")
    placement_id = base.text(r"dep_[0-9a-z]{26}-[0-9]{1,6}", "the deployment id, a dash and a number")
    epoch = base.integer(0, 2**53)
    zone = base.named()
    subnet_id = base.named()
    vpc_id = base.named()
    instance_profile = base.named()
    machine = fields.Nested(_MachineSchema, required=True)
    spot = base.flag()
    spot_max_usd = fields.Decimal(
        required=True, allow_none=True, places=None, validate=validate.Range(min=0, min_inclusive=False)
    )
    exposure = fields.Nested(_ReachSchema, required=True)
    ollama = fields.Nested(_OllamaSchema, required=True)
    model = fields.Nested(_ModelSchema, required=True)
    tokens = fields.Nested(_TokensSchema, required=True)
    # No dots: the certificate of a bucket's own host name covers one label.
    model_bucket = fields.String(
        load_default=None,
        allow_none=True,
        validate=rules.Pattern(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", "a bucket name without dots"),
    )
    logs = fields.Nested(_LogsSchema, load_default=None, allow_none=True)
    replicas = fields.Nested(_ReplicasSchema, load_default=None, allow_none=True)
    balancer = fields.Nested(_BalancerSchema, load_default=None, allow_none=True)

    @validates_schema
    def agrees(self, data: dict[str, Any], **_: Any) -> None:
        if data["placement_id"].rpartition("-")[0] != data["deployment_id"]:
            raise ValidationError("Must be a placement of this deployment.", "placement_id")
        if not data["zone"].startswith(data["region"]):
            raise ValidationError("Must lie in the stack's region.", "zone")
        if data["spot_max_usd"] is not None and not data["spot"]:
            raise ValidationError("Means nothing on an on-demand machine.", "spot_max_usd")
        balanced = data["exposure"].kind is Exposure.LOAD_BALANCED
        for field in ("replicas", "balancer"):
            if (data[field] is not None) != balanced:
                raise ValidationError("Belongs to an exposure of load_balanced, and to no other.", field)
        if balanced:
            _check_zones(data)


def _check_zones(data: dict[str, Any]) -> None:
    if data["zone"] not in data["replicas"].subnets:
        raise ValidationError({"subnets": ["Must have one in the placement's zone."]}, "replicas")
    if not all(zone.startswith(data["region"]) for zone in data["replicas"].subnets):
        raise ValidationError({"subnets": ["Must lie in the stack's region."]}, "replicas")
