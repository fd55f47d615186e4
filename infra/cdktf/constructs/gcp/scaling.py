"""The group that keeps between so many and so many machines of one template ready, in one zone or in several.

It replaces a machine that is not ready for long, and rolls when its template changes: first the new machine is ready,
then an old one goes. In several zones it takes machines where Google has them, because Spot and GPUs are often sold
out in one.
"""

from dataclasses import dataclass
from typing import Any

from cdktf import TerraformResource
from cdktf_cdktf_provider_google.compute_instance_group_manager import (
    ComputeInstanceGroupManager,
    ComputeInstanceGroupManagerAutoHealingPolicies,
    ComputeInstanceGroupManagerNamedPort,
    ComputeInstanceGroupManagerTimeouts,
    ComputeInstanceGroupManagerUpdatePolicy,
    ComputeInstanceGroupManagerVersion,
)
from cdktf_cdktf_provider_google.compute_region_instance_group_manager import (
    ComputeRegionInstanceGroupManager,
    ComputeRegionInstanceGroupManagerAutoHealingPolicies,
    ComputeRegionInstanceGroupManagerNamedPort,
    ComputeRegionInstanceGroupManagerTimeouts,
    ComputeRegionInstanceGroupManagerUpdatePolicy,
    ComputeRegionInstanceGroupManagerVersion,
)
from constructs import Construct

from infra.cdktf import ids, names, patience
from infra.cdktf.constructs.gcp import autoscaler, ready_check
from infra.cdktf.constructs.gcp.firewall import PORT

PORT_NAME = "ollama"

# A machine gets a dash and four characters behind this.
_LONGEST_BASE = 58

_TIMEOUTS = {"create": "15m", "update": "30m", "delete": "30m"}


@dataclass(frozen=True)
class ScalingProps:
    """`zones` never change once the group stands. `disk_gib` bounds the model, and so how long a boot may take."""

    name: str
    region: str
    zones: tuple[str, ...]
    template_id: str
    least: int
    most: int
    signal: autoscaler.Signal
    disk_gib: int


class Scaling(Construct):
    """`instance_group` is what a backend service refers to, `group_id` what an operator looks for."""

    def __init__(self, scope: Construct, id_: str, props: ScalingProps) -> None:
        super().__init__(scope, id_)
        self._props = props
        check = ready_check.ready_check(self, ids.REPAIR_CHECK, f"{props.name}-repair", ready_check.REPAIR)
        group = self._zonal(check.id) if len(props.zones) == 1 else self._regional(check.id)
        self._autoscaler = autoscaler.scale(
            self,
            autoscaler.Range(
                name=names.resource(props.name),
                region=props.region,
                zones=props.zones,
                least=props.least,
                most=props.most,
                signal=props.signal,
                # What we expect is half of what we allow.
                boot_s=patience.boot_s(props.disk_gib) // 2,
            ),
            group.id,
        )
        self.group_id = group.id
        self.instance_group = group.instance_group

    def measured_by(self, backend: TerraformResource) -> None:
        """The autoscaler comes after the backend service that counts its requests, and goes before it."""
        # An address, not a reference: Terraform takes no expression here.
        self._autoscaler.depends_on = [f"{backend.terraform_resource_type}.{backend.friendly_unique_id}"]

    def _zonal(self, check_id: str) -> ComputeInstanceGroupManager:
        return ComputeInstanceGroupManager(
            self,
            ids.INSTANCE_GROUP,
            zone=self._props.zones[0],
            version=[ComputeInstanceGroupManagerVersion(instance_template=self._props.template_id)],
            named_port=[ComputeInstanceGroupManagerNamedPort(name=PORT_NAME, port=PORT)],
            auto_healing_policies=ComputeInstanceGroupManagerAutoHealingPolicies(**self._repair(check_id)),
            update_policy=ComputeInstanceGroupManagerUpdatePolicy(**self._roll()),
            timeouts=ComputeInstanceGroupManagerTimeouts(**_TIMEOUTS),
            **self._named(),
        )

    def _regional(self, check_id: str) -> ComputeRegionInstanceGroupManager:
        return ComputeRegionInstanceGroupManager(
            self,
            ids.INSTANCE_GROUP,
            region=self._props.region,
            distribution_policy_zones=sorted(self._props.zones),
            distribution_policy_target_shape="BALANCED",
            version=[ComputeRegionInstanceGroupManagerVersion(instance_template=self._props.template_id)],
            named_port=[ComputeRegionInstanceGroupManagerNamedPort(name=PORT_NAME, port=PORT)],
            auto_healing_policies=ComputeRegionInstanceGroupManagerAutoHealingPolicies(
                **self._repair(check_id)
            ),
            update_policy=ComputeRegionInstanceGroupManagerUpdatePolicy(
                # A machine that serves is not ended only so that the zones are even; this shape asks for it, too.
                instance_redistribution_type="NONE",
                **self._roll(),
            ),
            timeouts=ComputeRegionInstanceGroupManagerTimeouts(**_TIMEOUTS),
            **self._named(),
        )

    def _named(self) -> dict[str, Any]:
        name = names.resource(self._props.name)
        # An apply is over when the group stands: machines that are sold out would hold it up until it fails.
        base = names.within(name, _LONGEST_BASE)
        return {"name": name, "base_instance_name": base, "wait_for_instances": False}

    def _repair(self, check_id: str) -> dict[str, Any]:
        return {"health_check": check_id, "initial_delay_sec": patience.boot_s(self._props.disk_gib)}

    def _roll(self) -> dict[str, Any]:
        return {
            "type": "PROACTIVE",
            "minimal_action": "REPLACE",
            "replacement_method": "SUBSTITUTE",
            # In several zones Google takes no fewer than one for each.
            "max_surge_fixed": len(self._props.zones),
            "max_unavailable_fixed": 0,
        }
