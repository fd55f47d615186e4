"""What the schemas of all stack specs share: strict objects, the kinds of fields, provider and state backend."""

from typing import Any, ClassVar

from marshmallow import RAISE, Schema, ValidationError, fields, post_load, validate, validates_schema

from contracts import stack_clouds
from contracts import stack_rules as rules
from contracts.stack_model import Backend, Provider
from contracts.vocabulary import Cloud

SPEC_VERSION = 1
DEFAULT_MAX_RETRIES = 3


class Strict(Schema):
    makes: ClassVar[type[Any]]

    class Meta:
        unknown = RAISE

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Any:
        return self.makes(**{key: tuple(v) if isinstance(v, list) else v for key, v in data.items()})


def text(pattern: str, meaning: str) -> fields.String:
    return fields.String(required=True, validate=rules.Pattern(pattern, meaning))


def named() -> fields.String:
    """A name whose form is the cloud's; `stack_clouds` checks it when the cloud is known."""
    return fields.String(required=True, validate=validate.Length(1, 256))


def integer(low: int, high: int, **how: Any) -> fields.Integer:
    how = how or {"required": True}
    return fields.Integer(strict=True, validate=validate.Range(low, high), **how)


def flag(**how: Any) -> fields.Boolean:
    # Only JSON's own booleans: "no" or 0 is a mistake of the producer, not a wish.
    return fields.Boolean(truthy={True}, falsy={False}, **(how or {"required": True}))


def sha256() -> fields.String:
    return text(r"[0-9a-f]{64}", "64 lower-case hex digits of a SHA-256")


def zones() -> fields.List[str]:
    return fields.List(fields.String(), required=True, validate=[validate.Length(1, 6), rules.all_differ])


def cidrs() -> fields.List[str]:
    cidr = rules.Cidr(validate=rules.not_the_world)
    return fields.List(cidr, required=True, validate=[validate.Length(max=25), rules.all_differ])


def model_bucket() -> fields.String:
    # A dot in the name would not match S3's certificate, and Cloud Storage asks whose domain it is.
    return text(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", "a bucket name without dots")


class _ProviderSchema(Strict):
    makes = Provider
    max_retries = integer(1, 25, load_default=DEFAULT_MAX_RETRIES)


class _BackendSchema(Strict):
    makes = Backend
    kind = fields.String(required=True, validate=validate.OneOf(("s3", "gcs")))
    bucket = text(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "a bucket name")
    key = text(
        r"(?!.*//)(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9_./=-]{0,500}\.tfstate", "a plain key ending in .tfstate"
    )
    region = fields.String(
        load_default=None, validate=rules.Pattern(r"[a-z]{2}(-[a-z0-9]+)+", "a region name")
    )
    path_style = flag(load_default=False)

    @validates_schema
    def s3_has_regions(self, data: dict[str, Any], **_: Any) -> None:
        if data["kind"] == "s3" and data["region"] is None:
            raise ValidationError("Missing data for required field.", "region")
        if data["kind"] == "gcs" and data["region"] is not None:
            raise ValidationError("Means nothing for gcs.", "region")
        if data["kind"] == "gcs" and data["path_style"]:
            raise ValidationError("Means nothing for gcs.", "path_style")


class CommonSchema(Strict):
    kind = fields.String(required=True)
    version = integer(SPEC_VERSION, SPEC_VERSION)
    cloud = fields.Enum(Cloud, by_value=True, required=True)
    account = named()
    environment = text(r"[a-z][a-z0-9-]{0,15}", "1 to 16 lower-case letters, digits or dashes")
    region = named()
    tags = fields.Dict(
        keys=fields.String(validate=rules.tag_key),
        values=fields.String(validate=rules.tag_value),
        load_default=dict,
        validate=validate.Length(max=20),
    )
    provider = fields.Nested(_ProviderSchema, load_default=lambda: Provider(DEFAULT_MAX_RETRIES))
    backend = fields.Nested(_BackendSchema, required=True)

    @validates_schema(skip_on_field_errors=False)
    def fits_the_cloud(self, data: dict[str, Any], **_: Any) -> None:
        stack_clouds.check(data)
