"""What the agent asks the synth child to build: one network, or one placement of a deployment.

`load_stack_spec` is the only door. It returns the frozen dataclasses of `contracts.stack_model`, so that what
reaches Terraform was checked.
Outputs come back under the names in `NETWORK_OUTPUTS` and `DEPLOYMENT_OUTPUTS`.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from marshmallow import RAISE, Schema, ValidationError, fields, post_load, validate, validates_schema

from contracts import stack_rules as rules
from contracts.stack_model import (
    Backend,
    DeploymentSpec,
    Machine,
    Model,
    NetworkSpec,
    Ollama,
    Provider,
    Reach,
    Tokens,
)
from contracts.vocabulary import Arch, Cloud, Exposure, GpuKind, KvType

SPEC_VERSION = 1
DEFAULT_MAX_RETRIES = 3
DEFAULT_SUPERNETS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
CONTEXT_RANGE = (256, 10_485_760)
PARALLEL_RANGE = (1, 64)
DISK_RANGE_GIB = (8, 16_384)

NETWORK_OUTPUTS = ("vpc_id", "public_subnets", "private_subnets", "instance_profile", "egress_cidrs")
DEPLOYMENT_OUTPUTS = (
    "instance_id",
    "private_ip",
    "public_ip",
    "address",
    "spot_request_id",
    "security_group_id",
)


def load_stack_spec(raw: Any) -> NetworkSpec | DeploymentSpec:
    """Check a spec as it came off the wire; raises marshmallow's `ValidationError` naming every wrong field."""
    if not isinstance(raw, Mapping):
        raise ValidationError("A stack spec is a JSON object.")
    schema = _SCHEMAS.get(str(raw.get("kind")))
    if schema is None:
        raise ValidationError({"kind": [f"Must be one of: {', '.join(_SCHEMAS)}."]})
    spec: NetworkSpec | DeploymentSpec = schema().load(raw)
    return spec


class _Strict(Schema):
    makes: ClassVar[type[Any]]

    class Meta:
        unknown = RAISE

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Any:
        return self.makes(**{key: tuple(v) if isinstance(v, list) else v for key, v in data.items()})


def _text(pattern: str, meaning: str) -> fields.String:
    return fields.String(required=True, validate=rules.Pattern(pattern, meaning))


def _integer(low: int, high: int, **how: Any) -> fields.Integer:
    how = how or {"required": True}
    return fields.Integer(strict=True, validate=validate.Range(low, high), **how)


def _flag(**how: Any) -> fields.Boolean:
    # Only JSON's own booleans: "no" or 0 is a mistake of the producer, not a wish.
    return fields.Boolean(truthy={True}, falsy={False}, **(how or {"required": True}))


def _sha256() -> fields.String:
    return _text(r"[0-9a-f]{64}", "64 lower-case hex digits of a SHA-256")


def _zones() -> fields.List[str]:
    zone = fields.String(validate=rules.Pattern(r"[a-z]{2}(-[a-z0-9]+)+", "a zone name"))
    return fields.List(zone, required=True, validate=[validate.Length(1, 6), rules.all_differ])


def _cidrs() -> fields.List[str]:
    cidr = rules.Cidr(validate=rules.not_the_world)
    return fields.List(cidr, required=True, validate=[validate.Length(max=25), rules.all_differ])


class _ProviderSchema(_Strict):
    makes = Provider
    max_retries = _integer(1, 25, load_default=DEFAULT_MAX_RETRIES)


class _BackendSchema(_Strict):
    makes = Backend
    kind = fields.String(required=True, validate=validate.Equal("s3"))
    bucket = _text(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "an S3 bucket name")
    key = _text(
        r"(?!.*//)(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9_./=-]{0,500}\.tfstate", "a plain key ending in .tfstate"
    )
    region = _text(r"[a-z]{2}(-[a-z0-9]+)+", "a region name")
    path_style = _flag(load_default=False)


class _MachineSchema(_Strict):
    makes = Machine
    type = _text(r"[a-z0-9-]{2,24}\.[a-z0-9-]{2,24}", "a machine type like g5.xlarge")
    arch = fields.Enum(Arch, by_value=True, required=True)
    gpu_kind = fields.Enum(GpuKind, by_value=True, required=True, allow_none=True)
    gpu_count = _integer(0, 16)
    disk_gib = _integer(*DISK_RANGE_GIB)

    @validates_schema
    def kind_and_count_agree(self, data: dict[str, Any], **_: Any) -> None:
        if (data["gpu_kind"] is None) != (data["gpu_count"] == 0):
            raise ValidationError("Must be 0 without a gpu_kind and at least 1 with one.", "gpu_count")


class _ReachSchema(_Strict):
    makes = Reach
    kind = fields.Enum(Exposure, by_value=True, required=True)
    allow_cidrs = _cidrs()
    service_cidrs = _cidrs()

    @validates_schema
    def listed_means_a_list(self, data: dict[str, Any], **_: Any) -> None:
        if data["kind"] is Exposure.ALLOW_LISTED and not data["allow_cidrs"]:
            raise ValidationError(
                "Must name at least one network when the exposure is allow_listed.", "allow_cidrs"
            )


class _OllamaSchema(_Strict):
    makes = Ollama
    version = fields.String(required=True, validate=rules.ollama_version)
    sha256 = _sha256()


class _ModelSchema(_Strict):
    makes = Model
    tag = fields.String(required=True, validate=rules.model_tag)
    context_size = _integer(*CONTEXT_RANGE)
    parallel = _integer(*PARALLEL_RANGE)
    kv_type = fields.Enum(KvType, by_value=True, required=True)
    digest = fields.String(
        required=True,
        allow_none=True,
        validate=rules.Pattern(r"(sha256:)?[0-9a-f]{12,64}", "a digest in hex"),
    )


class _TokensSchema(_Strict):
    makes = Tokens
    user_sha256 = _sha256()
    health_sha256 = _sha256()

    @validates_schema
    def two_tokens(self, data: dict[str, Any], **_: Any) -> None:
        if data["user_sha256"] == data["health_sha256"]:
            raise ValidationError("Must differ from the user's.", "health_sha256")


class _CommonSchema(_Strict):
    kind = fields.String(required=True)
    version = _integer(SPEC_VERSION, SPEC_VERSION)
    cloud = fields.Enum(Cloud, by_value=True, required=True, validate=validate.Equal(Cloud.AWS))
    account = _text(r"[0-9]{12}", "a 12-digit account number")
    environment = _text(r"[a-z][a-z0-9-]{0,15}", "1 to 16 lower-case letters, digits or dashes")
    region = _text(r"[a-z]{2}(-[a-z0-9]+)+", "a region name")
    tags = fields.Dict(
        keys=fields.String(validate=rules.tag_key),
        values=fields.String(validate=rules.tag_value),
        load_default=dict,
        validate=validate.Length(max=20),
    )
    provider = fields.Nested(_ProviderSchema, load_default=lambda: Provider(DEFAULT_MAX_RETRIES))
    backend = fields.Nested(_BackendSchema, required=True)


class _NetworkSchema(_CommonSchema):
    makes = NetworkSpec
    name = _text(r"[a-z][a-z0-9-]{0,15}", "1 to 16 lower-case letters, digits or dashes")
    cidr = rules.Cidr(required=True)
    zones = _zones()
    lean = _flag(load_default=False)
    supernets = fields.List(
        rules.Cidr(), load_default=lambda: list(DEFAULT_SUPERNETS), validate=validate.Length(1, 10)
    )

    @validates_schema
    def fits(self, data: dict[str, Any], **_: Any) -> None:
        rules.vpc_network(data["cidr"], data["supernets"])
        if not all(zone.startswith(data["region"]) for zone in data["zones"]):
            raise ValidationError("Must lie in the stack's region.", "zones")


class _DeploymentSchema(_CommonSchema):
    makes = DeploymentSpec
    deployment_id = _text(r"dep_[0-9a-z]{26}", "dep_ and a lower-case ULID")
    placement_id = _text(r"dep_[0-9a-z]{26}-[0-9]{1,6}", "the deployment id, a dash and a number")
    epoch = _integer(0, 2**53)
    zone = _text(r"[a-z]{2}(-[a-z0-9]+)+", "a zone name")
    subnet_id = _text(r"subnet-[0-9a-f]{8,17}", "a subnet id")
    vpc_id = _text(r"vpc-[0-9a-f]{8,17}", "a VPC id")
    instance_profile = _text(r"[A-Za-z0-9+=,.@_-]{1,128}", "the name of an instance profile")
    machine = fields.Nested(_MachineSchema, required=True)
    spot = _flag()
    spot_max_usd = fields.Decimal(
        required=True, allow_none=True, places=None, validate=validate.Range(min=0, min_inclusive=False)
    )
    exposure = fields.Nested(_ReachSchema, required=True)
    ollama = fields.Nested(_OllamaSchema, required=True)
    model = fields.Nested(_ModelSchema, required=True)
    tokens = fields.Nested(_TokensSchema, required=True)

    @validates_schema
    def agrees(self, data: dict[str, Any], **_: Any) -> None:
        if data["placement_id"].rpartition("-")[0] != data["deployment_id"]:
            raise ValidationError("Must be a placement of this deployment.", "placement_id")
        if not data["zone"].startswith(data["region"]):
            raise ValidationError("Must lie in the stack's region.", "zone")
        if data["spot_max_usd"] is not None and not data["spot"]:
            raise ValidationError("Means nothing on an on-demand machine.", "spot_max_usd")


_SCHEMAS: dict[str, type[_CommonSchema]] = {"network": _NetworkSchema, "deployment": _DeploymentSchema}
