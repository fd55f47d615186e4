"""The deployment stack: one placement, that is one machine and the firewall before it."""

from constructs import Construct

from contracts.stack_model import DeploymentSpec
from contracts.vocabulary import Exposure
from infra.cdktf import ids
from infra.cdktf.constructs.aws.firewall import Firewall, FirewallProps
from infra.cdktf.constructs.aws.machine import Machine, MachineProps
from infra.cdktf.instance import user_data
from infra.cdktf.stacks.base import AwsStack


class DeploymentStack(AwsStack):
    def __init__(self, scope: Construct, spec: DeploymentSpec) -> None:
        super().__init__(scope, ids.DEPLOYMENT_STACK, spec)
        name = f"flowllama-{spec.environment}-{spec.placement_id}"
        public = spec.exposure.kind is Exposure.ALLOW_LISTED
        firewall = Firewall(
            self,
            ids.FIREWALL,
            FirewallProps(
                name=name,
                vpc_id=spec.vpc_id,
                allow_cidrs=spec.exposure.allow_cidrs,
                service_cidrs=spec.exposure.service_cidrs,
            ),
        )
        machine = Machine(
            self,
            ids.MACHINE,
            MachineProps(
                name=name,
                type=spec.machine.type,
                arch=spec.machine.arch,
                has_gpu=spec.machine.gpu_kind is not None,
                disk_gib=spec.machine.disk_gib,
                zone=spec.zone,
                subnet_id=spec.subnet_id,
                security_group_id=firewall.group_id,
                instance_profile=spec.instance_profile,
                public=public,
                spot=spec.spot,
                spot_max_usd=spec.spot_max_usd,
                user_data=user_data.render(spec),
                tags=self.tags,
            ),
        )
        self.publish(
            instance_id=machine.instance_id,
            private_ip=machine.private_ip,
            public_ip=machine.public_ip,
            address=machine.public_ip if public else machine.private_ip,
            spot_request_id=machine.spot_request_id,
            security_group_id=firewall.group_id,
        )
