"""The spec of what all placements of one region share."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from contracts import stack_fields as base
from contracts import stack_rules as rules
from contracts.stack_model import ModelAccess, NetworkSpec
from contracts.vocabulary import Nat

DEFAULT_SUPERNETS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")

NETWORK_OUTPUTS = ("vpc_id", "public_subnets", "private_subnets", "instance_profile", "egress_cidrs")


class _ModelAccessSchema(base.Strict):
    makes = ModelAccess
    bucket = base.model_bucket()
    key_arn = fields.String(
        load_default=None,
        allow_none=True,
        validate=rules.Pattern(
            r"arn:aws:kms:[a-z]{2}(-[a-z0-9]+)+:[0-9]{12}:key/[0-9a-f-]{36}", "the ARN of a KMS key"
        ),
    )


class NetworkSchema(base.CommonSchema):
    makes = NetworkSpec
    name = base.text(r"[a-z][a-z0-9-]{0,15}", "1 to 16 lower-case letters, digits or dashes")
    cidr = rules.Cidr(required=True)
    zones = base.zones()
    lean = base.flag(load_default=False)
    supernets = fields.List(
        rules.Cidr(), load_default=lambda: list(DEFAULT_SUPERNETS), validate=validate.Length(1, 10)
    )
    models = fields.Nested(_ModelAccessSchema, load_default=None, allow_none=True)
    nat = fields.Enum(Nat, by_value=True, load_default=Nat.PER_ZONE)
    # The most that the role of instances may ever do; a platform with a runtime tells its ARN.
    boundary_arn = fields.String(
        load_default=None,
        allow_none=True,
        validate=rules.Pattern(
            r"arn:aws:iam::[0-9]{12}:policy/[A-Za-z0-9+=,.@_/-]{1,128}", "the ARN of a policy"
        ),
    )
    # The event bus of the platform's region, where spot warnings go. None where the network is in that region itself.
    notices_bus = fields.String(
        load_default=None,
        allow_none=True,
        validate=rules.Pattern(
            r"arn:aws:events:[a-z]{2}(-[a-z0-9]+)+:[0-9]{12}:event-bus/[A-Za-z0-9._/-]{1,256}",
            "the ARN of an event bus",
        ),
    )

    @validates_schema
    def fits(self, data: dict[str, Any], **_: Any) -> None:
        rules.vpc_network(data["cidr"], data["supernets"])
        if not all(zone.startswith(data["region"]) for zone in data["zones"]):
            raise ValidationError("Must lie in the stack's region.", "zones")
        bus = data["notices_bus"]
        if bus is not None and bus.split(":")[3] == data["region"]:
            raise ValidationError("Is in this region, where the platform's own rule suffices.", "notices_bus")
