"""The name of a deployment. It moves to the next placement once that one is healthy, so nobody may keep it for long."""

from dataclasses import dataclass

from cdktf_cdktf_provider_aws.route53_record import Route53Record
from constructs import Construct

from infra.cdktf import ids, names

TTL_S = 30


@dataclass(frozen=True)
class DeploymentRecordProps:
    """`domain` is the zone's own name or one below it; `addresses` are IPv4."""

    zone_id: str
    domain: str
    deployment_id: str
    addresses: tuple[str, ...]


class DeploymentRecord(Construct):
    def __init__(self, scope: Construct, id_: str, props: DeploymentRecordProps) -> None:
        super().__init__(scope, id_)
        if not props.addresses:
            raise ValueError("A record needs at least one address.")
        self.host = names.host(props.deployment_id, props.domain)
        Route53Record(
            self,
            ids.RECORD,
            zone_id=props.zone_id,
            name=self.host,
            type="A",
            ttl=TTL_S,
            records=list(props.addresses),
            # A name that somebody else holds is an error, never taken over.
            allow_overwrite=False,
        )
