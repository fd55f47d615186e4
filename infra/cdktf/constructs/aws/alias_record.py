"""The name of a placement behind a balancer. It points at the balancer by its own name, whose addresses change."""

from dataclasses import dataclass

from cdktf_cdktf_provider_aws.route53_record import Route53Record, Route53RecordAlias
from constructs import Construct

from infra.cdktf import ids, names


@dataclass(frozen=True)
class AliasRecordProps:
    """`domain` is the zone's own name or one below it; the balancer's own zone is another."""

    zone_id: str
    domain: str
    placement_id: str
    balancer_address: str
    balancer_zone_id: str


class AliasRecord(Construct):
    def __init__(self, scope: Construct, id_: str, props: AliasRecordProps) -> None:
        super().__init__(scope, id_)
        self.host = names.host(props.placement_id, props.domain)
        Route53Record(
            self,
            ids.RECORD,
            zone_id=props.zone_id,
            name=self.host,
            type="A",
            alias=Route53RecordAlias(
                name=props.balancer_address,
                zone_id=props.balancer_zone_id,
                # There is no other answer to give, so none is looked for.
                evaluate_target_health=False,
            ),
            # A name that somebody else holds is an error, never taken over.
            allow_overwrite=False,
        )
