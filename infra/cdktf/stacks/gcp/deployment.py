"""The deployment stack on Google Cloud: one placement, that is one machine and the firewall rule before it."""

from constructs import Construct

from contracts.stack_model import DeploymentSpec
from contracts.vocabulary import Exposure
from infra.cdktf import ids
from infra.cdktf.constructs.gcp.firewall import Firewall, FirewallProps
from infra.cdktf.constructs.gcp.machine import Machine, MachineProps
from infra.cdktf.stacks.gcp.base import GcpStack
from infra.cdktf.stacks.gcp.plan import placement_name, plan_of


class GcpDeploymentStack(GcpStack):
    def __init__(self, scope: Construct, spec: DeploymentSpec) -> None:
        super().__init__(scope, ids.DEPLOYMENT_STACK, spec)
        public = spec.exposure.kind is Exposure.ALLOW_LISTED
        firewall = Firewall(
            self,
            ids.FIREWALL,
            FirewallProps(
                name=placement_name(spec),
                vpc_id=spec.vpc_id,
                allow_cidrs=spec.exposure.allow_cidrs,
                service_cidrs=spec.exposure.service_cidrs,
            ),
        )
        plan = plan_of(spec, spec.subnet_id, self.labels, public=public)
        machine = Machine(self, ids.MACHINE, MachineProps(plan=plan, zone=spec.zone))
        self.publish(
            instance_id=machine.instance_id,
            private_ip=machine.private_ip,
            public_ip=machine.public_ip,
            address=machine.public_ip if public else machine.private_ip,
            # There is no request to name: Spot is a property of the machine.
            spot_request_id="",
            security_group_id=firewall.rule_id,
        )
