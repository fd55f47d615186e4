"""The deployment stack of a placement with replicas: machines in a scaling group, and the balancer before them."""

from cdktf_cdktf_provider_aws.data_aws_subnet import DataAwsSubnet
from constructs import Construct

from contracts.stack_model import Balancer as BalancerSpec
from contracts.stack_model import DeploymentSpec, Replicas
from infra.cdktf import ids, names, patience, tags
from infra.cdktf.constructs.aws import scaling, target_tracking
from infra.cdktf.constructs.aws.alias_record import AliasRecord, AliasRecordProps
from infra.cdktf.constructs.aws.balancer import Balancer, BalancerProps
from infra.cdktf.constructs.aws.firewall import PORT, Firewall, FirewallProps
from infra.cdktf.constructs.aws.scaling import ScalingGroup, ScalingProps
from infra.cdktf.constructs.aws.template import Template, TemplateProps
from infra.cdktf.instance import guard, user_data
from infra.cdktf.stacks.base import AwsStack


class BalancedStack(AwsStack):
    """Raises ValueError for a spec without replicas, balancer or certificate."""

    def __init__(self, scope: Construct, spec: DeploymentSpec) -> None:
        super().__init__(scope, ids.DEPLOYMENT_STACK, spec)
        self._spec = spec
        self._replicas, self._before = _parts(spec)
        self._name = f"flowllama-{spec.environment}-{spec.placement_id}"
        balancer = self._balancer()
        firewall = self._firewall(balancer)
        group = self._scaling_group(self._template(firewall), balancer)
        if self._replicas.max > self._replicas.min:
            target_tracking.track(
                self, ids.TRACKING, group.group_name, self._target(balancer), after=[balancer.listener]
            )
        self.publish(
            instance_id=group.group_name,
            # They are the machines' own, and change; the platform and the user reach the balancer.
            private_ip="",
            public_ip="",
            address=self._address(balancer),
            spot_request_id="",
            security_group_id=firewall.group_id,
            balancer_name=balancer.balancer_name,
        )

    def _balancer(self) -> Balancer:
        reach = self._spec.exposure
        return Balancer(
            self,
            ids.BALANCER,
            BalancerProps(
                name=names.balancer(self._spec.placement_id),
                group_name=f"{self._name}-balancer",
                vpc_id=self._spec.vpc_id,
                subnets=self._before.subnets,
                certificate=self._before.certificate or "",
                port=PORT,
                allow_cidrs=tuple(dict.fromkeys(reach.allow_cidrs + reach.service_cidrs)),
                machine_cidrs=self._machine_cidrs(),
                health_path=guard.READY_PATH,
            ),
        )

    def _machine_cidrs(self) -> list[str]:
        return [
            DataAwsSubnet(self, f"{ids.MACHINE_SUBNET}-{zone}", id=subnet).cidr_block
            for zone, subnet in sorted(self._replicas.subnets.items())
        ]

    def _firewall(self, balancer: Balancer) -> Firewall:
        return Firewall(
            self,
            ids.FIREWALL,
            FirewallProps(
                name=self._name,
                vpc_id=self._spec.vpc_id,
                allow_cidrs=(),
                service_cidrs=self._spec.exposure.service_cidrs,
                balancer_group_id=balancer.group_id,
            ),
        )

    def _template(self, firewall: Firewall) -> Template:
        machine = self._spec.machine
        return Template(
            self,
            ids.TEMPLATE,
            TemplateProps(
                name=self._name,
                type=machine.type,
                arch=machine.arch,
                has_gpu=machine.gpu_kind is not None,
                disk_gib=machine.disk_gib,
                security_group_id=firewall.group_id,
                instance_profile=self._spec.instance_profile,
                public=self._replicas.public,
                user_data=user_data.render(self._spec),
                # A changed template replaces the machines, and every run of the agent has an epoch of its own.
                tags={key: value for key, value in self.tags.items() if key != tags.EPOCH},
            ),
        )

    def _scaling_group(self, template: Template, balancer: Balancer) -> ScalingGroup:
        spec, replicas = self._spec, self._replicas
        return ScalingGroup(
            self,
            ids.SCALING,
            ScalingProps(
                name=self._name,
                template_id=template.template_id,
                template_version=template.version,
                types=(spec.machine.type,),
                subnets=tuple(replicas.subnets[zone] for zone in sorted(replicas.subnets)),
                least=replicas.min,
                most=replicas.max,
                # What was priced, and nothing dearer: an on-demand machine among spot ones is not in the budget.
                mix=scaling.spot(spec.spot_max_usd) if spec.spot else scaling.ON_DEMAND,
                boot_s=patience.boot_s(spec.machine.disk_gib),
                tags=self.tags,
                target_group_arns=(balancer.target_group_arn,),
            ),
        )

    def _target(self, balancer: Balancer) -> target_tracking.Target:
        if self._spec.machine.gpu_kind is None:
            return target_tracking.Cpu()
        return target_tracking.Requests(
            target_tracking.usual_requests_a_minute(self._spec.model.parallel),
            balancer.suffix,
            balancer.target_group_suffix,
        )

    def _address(self, balancer: Balancer) -> str:
        """A name that nobody recorded leads nowhere, so then it is the balancer's own."""
        if self._before.dns_zone is None or self._before.domain is None:
            return balancer.address
        record = AliasRecord(
            self,
            ids.RECORD,
            AliasRecordProps(
                zone_id=self._before.dns_zone,
                domain=self._before.domain,
                placement_id=self._spec.placement_id,
                balancer_address=balancer.address,
                balancer_zone_id=balancer.zone_id,
            ),
        )
        return record.host


def _parts(spec: DeploymentSpec) -> tuple[Replicas, BalancerSpec]:
    if spec.replicas is None or spec.balancer is None or spec.balancer.certificate is None:
        raise ValueError("a balanced placement has replicas, a balancer and its certificate")
    return spec.replicas, spec.balancer
