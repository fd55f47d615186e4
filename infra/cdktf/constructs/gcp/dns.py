"""The name of a deployment or placement. It may move soon, so nobody may keep it for long."""

from dataclasses import dataclass

from cdktf_cdktf_provider_google.dns_record_set import DnsRecordSet
from constructs import Construct

from infra.cdktf import ids, names

TTL_S = 30


@dataclass(frozen=True)
class DeploymentRecordProps:
    """`managed_zone` is the zone's name in Cloud DNS, not its domain; `domain` is that or one below it.

    `deployment_id` is that of a deployment or of a placement; `addresses` are IPv4.
    """

    managed_zone: str
    domain: str
    deployment_id: str
    addresses: tuple[str, ...]


class DeploymentRecord(Construct):
    def __init__(self, scope: Construct, id_: str, props: DeploymentRecordProps) -> None:
        super().__init__(scope, id_)
        if not props.addresses:
            raise ValueError("A record needs at least one address.")
        self.host = names.host(props.deployment_id, props.domain)
        DnsRecordSet(
            self,
            ids.RECORD,
            managed_zone=props.managed_zone,
            # Cloud DNS takes whole names only, which end in a dot.
            name=f"{self.host}.",
            type="A",
            ttl=TTL_S,
            rrdatas=list(props.addresses),
        )
