"""The network stack: what all placements of one region share."""

from constructs import Construct

from contracts.stack_model import NetworkSpec
from infra.cdktf import ids
from infra.cdktf.constructs.aws.identity import Identity, IdentityProps
from infra.cdktf.constructs.aws.network import Network, NetworkProps
from infra.cdktf.constructs.aws.notices import ForwardedNotices, ForwardedNoticesProps
from infra.cdktf.stacks.base import AwsStack


class NetworkStack(AwsStack):
    def __init__(self, scope: Construct, spec: NetworkSpec) -> None:
        super().__init__(scope, ids.NETWORK_STACK, spec)
        name = f"flowllama-{spec.environment}-{spec.name}"
        network = Network(
            self,
            ids.NETWORK,
            NetworkProps(
                name=name,
                account=spec.account,
                region=spec.region,
                cidr=spec.cidr,
                zones=spec.zones,
                lean=spec.lean,
                nat=spec.nat,
            ),
        )
        identity = Identity(
            self,
            ids.IDENTITY,
            # Names of roles are the account's, not the region's.
            IdentityProps(
                name=f"{name}-{spec.region}",
                account=spec.account,
                region=spec.region,
                models=spec.models,
                boundary_arn=spec.boundary_arn,
            ),
        )
        if spec.notices_bus:
            ForwardedNotices(
                self,
                ids.NOTICES,
                ForwardedNoticesProps(
                    name=f"{name}-{spec.region}", account=spec.account, bus_arn=spec.notices_bus
                ),
            )
        self.publish(
            vpc_id=network.vpc_id,
            public_subnets=network.public_subnets,
            private_subnets=network.private_subnets,
            instance_profile=identity.profile_name,
            egress_cidrs=network.egress_cidrs,
        )
