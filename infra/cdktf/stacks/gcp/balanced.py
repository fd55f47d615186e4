"""The deployment stack on Google Cloud with replicas: a group of machines, the balancer before it, and its name."""

from constructs import Construct

from contracts.stack_model import Balancer as BalancerSpec
from contracts.stack_model import DeploymentSpec, Replicas
from infra.cdktf import ids, names
from infra.cdktf.constructs.gcp import autoscaler
from infra.cdktf.constructs.gcp.balancer import PROXY_RANGES, Balancer, BalancerProps
from infra.cdktf.constructs.gcp.dns import DeploymentRecord, DeploymentRecordProps
from infra.cdktf.constructs.gcp.firewall import Firewall, FirewallProps
from infra.cdktf.constructs.gcp.scaling import Scaling, ScalingProps
from infra.cdktf.constructs.gcp.template import Template
from infra.cdktf.stacks.gcp.base import GcpStack
from infra.cdktf.stacks.gcp.plan import placement_name, plan_of


class GcpBalancedStack(GcpStack):
    def __init__(self, scope: Construct, spec: DeploymentSpec) -> None:
        super().__init__(scope, ids.DEPLOYMENT_STACK, spec, lasting=True)
        if spec.replicas is None or spec.balancer is None:
            raise ValueError("a balanced placement names its replicas and its balancer")
        self._spec = spec
        self._name = placement_name(spec)
        firewall = self._firewall()
        group = self._group(spec.replicas)
        balancer = self._balancer(spec.balancer, group)
        group.measured_by(balancer.backend)
        self.publish(
            instance_id=group.group_id,
            # Machines come and go; who wants one of them asks the group.
            private_ip="",
            public_ip="",
            address=self._record(spec.balancer, balancer) or balancer.address,
            spot_request_id="",
            security_group_id=firewall.rule_id,
            balancer_name=balancer.balancer_name,
        )

    def _firewall(self) -> Firewall:
        """Users come by the balancer, so their networks are its list and not the machines'."""
        return Firewall(
            self,
            ids.FIREWALL,
            FirewallProps(
                name=self._name,
                vpc_id=self._spec.vpc_id,
                allow_cidrs=PROXY_RANGES,
                service_cidrs=self._spec.exposure.service_cidrs,
            ),
        )

    def _group(self, replicas: Replicas) -> Scaling:
        # A region has one subnet for all its zones.
        subnet_id = replicas.subnets[self._spec.zone]
        plan = plan_of(self._spec, subnet_id, self.lasting_labels, public=replicas.public)
        template = Template(self, ids.TEMPLATE, plan)
        return Scaling(
            self,
            ids.SCALING,
            ScalingProps(
                name=self._name,
                region=self._spec.region,
                zones=tuple(sorted(replicas.subnets)),
                template_id=template.template_id,
                least=replicas.min,
                most=replicas.max,
                signal=autoscaler.signal_for(has_gpu=self._spec.machine.gpu_kind is not None),
                disk_gib=self._spec.machine.disk_gib,
            ),
        )

    def _balancer(self, balancer: BalancerSpec, group: Scaling) -> Balancer:
        reach = self._spec.exposure
        return Balancer(
            self,
            ids.BALANCER,
            BalancerProps(
                name=self._name,
                instance_group=group.instance_group,
                parallel=self._spec.model.parallel,
                cidrs=reach.allow_cidrs + reach.service_cidrs,
                certificate=balancer.certificate,
                host=names.host(self._spec.placement_id, balancer.domain) if balancer.domain else None,
                labels=self.labels,
            ),
        )

    def _record(self, wanted: BalancerSpec, balancer: Balancer) -> str | None:
        if wanted.dns_zone is None or wanted.domain is None:
            return None
        props = DeploymentRecordProps(
            managed_zone=wanted.dns_zone,
            domain=wanted.domain,
            deployment_id=self._spec.placement_id,
            addresses=(balancer.address,),
        )
        return DeploymentRecord(self, ids.RECORD, props).host
