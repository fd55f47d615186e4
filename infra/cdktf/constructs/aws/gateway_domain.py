"""The API's own name: a domain with its certificate, TLS 1.2 or newer, and its record where a zone is given."""

from dataclasses import dataclass

from cdktf_cdktf_provider_aws.apigatewayv2_api_mapping import Apigatewayv2ApiMapping
from cdktf_cdktf_provider_aws.apigatewayv2_domain_name import (
    Apigatewayv2DomainName,
    Apigatewayv2DomainNameDomainNameConfiguration,
)
from cdktf_cdktf_provider_aws.route53_record import Route53Record, Route53RecordAlias
from constructs import Construct

from infra.cdktf import ids


@dataclass(frozen=True)
class GatewayDomainProps:
    domain: str
    certificate_arn: str
    zone_id: str | None
    api_id: str
    stage: str


class GatewayDomain(Construct):
    """`endpoint` is where the API answers."""

    def __init__(self, scope: Construct, id_: str, props: GatewayDomainProps) -> None:
        super().__init__(scope, id_)
        name = Apigatewayv2DomainName(
            self,
            ids.DOMAIN,
            domain_name=props.domain,
            domain_name_configuration=Apigatewayv2DomainNameDomainNameConfiguration(
                certificate_arn=props.certificate_arn, endpoint_type="REGIONAL", security_policy="TLS_1_2"
            ),
        )
        Apigatewayv2ApiMapping(self, ids.MAPPING, api_id=props.api_id, domain_name=name.id, stage=props.stage)
        self.endpoint = f"https://{props.domain}"
        if props.zone_id:
            target = name.domain_name_configuration
            Route53Record(
                self,
                ids.RECORD,
                zone_id=props.zone_id,
                name=props.domain,
                type="A",
                # A name that somebody else holds is an error, never taken over.
                allow_overwrite=False,
                alias=Route53RecordAlias(
                    name=target.target_domain_name,
                    zone_id=target.hosted_zone_id,
                    evaluate_target_health=False,
                ),
            )
