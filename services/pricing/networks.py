"""Connected regions: what the network stack built, as `networks` records. Pricing offers only these."""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from contracts.vocabulary import Cloud, Exposure
from services.chassis.errors import InvalidError
from services.chassis.mongo import Document
from services.pricing.balancers import BalancerSchema, check_balancer

_TEXT = validate.Length(1, 128)
_COUNT = validate.Range(0, 1_000_000, error="Must be a whole number from 0 to 1000000.")


def _check_cidr(text: str) -> None:
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        raise ValidationError("Must be a network such as 203.0.113.0/24.") from error


class QuotaSchema(Schema):
    """What the account may run of one family in the region: vCPUs on AWS, GPUs or CPUs on Google Cloud."""

    class Meta:
        unknown = RAISE

    on_demand = fields.Integer(strict=True, validate=_COUNT)
    spot = fields.Integer(strict=True, validate=_COUNT)


class NetworkSchema(Schema):
    """One region of one account. Subnets are zone → subnet id; a lean network has public ones only.

    A stored record is accepted as well: its id is made again from what it names.
    """

    class Meta:
        unknown = RAISE

    _id = fields.String()
    connected_at = fields.AwareDateTime()
    cloud = fields.Enum(Cloud, by_value=True, required=True)
    account = fields.String(required=True, validate=_TEXT)
    region = fields.String(required=True, validate=_TEXT)
    vpc_id = fields.String(required=True, validate=_TEXT)
    public_subnets = fields.Dict(
        keys=fields.String(validate=_TEXT),
        values=fields.String(validate=_TEXT),
        required=True,
        validate=validate.Length(1),
    )
    private_subnets = fields.Dict(
        keys=fields.String(validate=_TEXT), values=fields.String(validate=_TEXT), load_default=dict
    )
    instance_profile = fields.String(required=True, validate=_TEXT)
    egress_cidrs = fields.List(fields.String(validate=_check_cidr), load_default=list)
    # Left out, a record that is known keeps what it has; null takes it away.
    balancer = fields.Nested(BalancerSchema, allow_none=True)
    # By family, in the cloud's own unit; what is left out is not known, and so not a limit.
    quotas = fields.Dict(
        keys=fields.String(validate=_TEXT), values=fields.Nested(QuotaSchema), load_default=dict
    )

    @validates_schema
    def _balancer_fits_the_cloud(self, data: Mapping[str, Any], **_: Any) -> None:
        if data.get("balancer") is not None:
            check_balancer(data)


def read_networks(content: Any) -> list[Document]:
    """One record or a list of them, checked and with their ids. Raises InvalidError that names each field."""
    listed = content if isinstance(content, list) else [content]
    try:
        loaded = NetworkSchema(many=True).load(listed)
    except ValidationError as error:
        raise InvalidError("A network record is refused.", errors=list(_flat(error.messages))) from error
    return [
        {
            **record,
            "_id": f"{record['cloud']}:{record['region']}:{record['account']}",
            "cloud": record["cloud"].value,
        }
        for record in loaded
    ]


def subnets(network: Mapping[str, Any], exposure: Exposure) -> Mapping[str, str]:
    """Zone → subnet of the machines. A private instance has no address of its own, so that in a public subnet it
    could reach nothing: a lean network, which has no other, has no zone for it.

    Replicas stand in private subnets where there are any, and only in zones where the balancer stands as well: it
    forwards to no other.
    """
    public, private = network["public_subnets"], network.get("private_subnets") or {}
    if exposure == Exposure.PRIVATE:
        return dict(private)
    if exposure == Exposure.LOAD_BALANCED and private:
        return {zone: subnet for zone, subnet in private.items() if zone in public}
    return dict(public)


def is_public(network: Mapping[str, Any], exposure: Exposure) -> bool:
    """Whether the machines have addresses of their own."""
    if exposure == Exposure.LOAD_BALANCED:
        return not network.get("private_subnets")
    return exposure != Exposure.PRIVATE


def usable(networks: Mapping[str, Mapping[str, Any]], exposure: Exposure) -> frozenset[str]:
    """Regions, of networks by region, that have a subnet for this exposure."""
    return frozenset(name for name, network in networks.items() if subnets(network, exposure))


def without_gateway(networks: Mapping[str, Mapping[str, Any]]) -> frozenset[str]:
    """Regions, of networks by region, whose replicas get out by their own addresses."""
    return frozenset(name for name, found in networks.items() if is_public(found, Exposure.LOAD_BALANCED))


def by_region(networks: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The network to build in, by region: the one that was connected first, where accounts share a region."""
    ordered = sorted(networks, key=lambda network: (network["connected_at"], network["_id"]))
    return {network["region"]: network for network in reversed(ordered)}


def _flat(messages: Any, path: str = "") -> list[dict[str, str]]:
    if isinstance(messages, Mapping):
        return [
            entry
            for key, value in messages.items()
            for entry in _flat(value, f"{path}.{key}" if path else str(key))
        ]
    return [{"field": path, "message": str(text)} for text in messages]
