"""The group that keeps between so many and so many machines of one template running, in one zone or in several.

It replaces a machine that the balancer finds unfit, and rolls when its template changes: the new machine first, then an
old one goes. What makes it grow and shrink is in `target_tracking`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.autoscaling_group import (
    AutoscalingGroup,
    AutoscalingGroupInstanceRefresh,
    AutoscalingGroupInstanceRefreshPreferences,
    AutoscalingGroupMixedInstancesPolicy,
    AutoscalingGroupMixedInstancesPolicyInstancesDistribution,
    AutoscalingGroupMixedInstancesPolicyLaunchTemplate,
    AutoscalingGroupMixedInstancesPolicyLaunchTemplateLaunchTemplateSpecification,
    AutoscalingGroupMixedInstancesPolicyLaunchTemplateOverride,
    AutoscalingGroupTag,
    AutoscalingGroupTimeouts,
)
from constructs import Construct

from infra.cdktf import ids

# A launch that fails is said within a minute or two, so this waits for a yes; and whoever runs Terraform has a limit
# of his own, a quarter of an hour for the agent, of which a balancer takes four minutes at the same time.
_CAPACITY_WAIT = "8m"


class Allocation(StrEnum):
    """Which spot pools a group takes: those that are cut off least, or the cheapest of these."""

    CAPACITY = "capacity-optimized"
    PRICE_AND_CAPACITY = "price-capacity-optimized"


@dataclass(frozen=True)
class Mix:
    """So many machines are on demand at least, and that share of what is above; the rest is spot.

    `spot_max_usd` is an hour's price; without it AWS takes the on-demand price. Capacity decides by default, because
    who is cut off pays with a boot and a model that is pulled again.
    """

    on_demand_base: int
    on_demand_percent: int
    spot_max_usd: Decimal | None = None
    allocation: Allocation = Allocation.CAPACITY


ON_DEMAND = Mix(on_demand_base=0, on_demand_percent=100)


def spot(max_usd: Decimal | None) -> Mix:
    return Mix(on_demand_base=0, on_demand_percent=0, spot_max_usd=max_usd)


@dataclass(frozen=True)
class ScalingProps:
    """`types` are of one architecture and in order of preference; `boot_s` is how long a machine may take to be ready.

    `desired` is how many there are at first (none: the least); later the autoscaler says so. Machines are checked by
    their balancer as soon as there are `target_group_arns`.
    """

    name: str
    template_id: str
    template_version: str
    types: tuple[str, ...]
    subnets: tuple[str, ...]
    least: int
    most: int
    mix: Mix
    boot_s: int
    tags: Mapping[str, str]
    target_group_arns: tuple[str, ...] = ()
    desired: int | None = None
    min_healthy_percent: int = 100


class ScalingGroup(Construct):
    def __init__(self, scope: Construct, id_: str, props: ScalingProps) -> None:
        super().__init__(scope, id_)
        group = AutoscalingGroup(
            self,
            ids.SCALING_GROUP,
            name=props.name,
            min_size=props.least,
            max_size=props.most,
            desired_capacity=props.least if props.desired is None else props.desired,
            vpc_zone_identifier=list(props.subnets),
            mixed_instances_policy=_mixed(props),
            # A spot machine that is likely to be cut off is replaced before it is.
            capacity_rebalance=props.mix.on_demand_percent < 100,  # noqa: PLR2004 - per cent
            target_group_arns=list(props.target_group_arns) or None,
            health_check_type="ELB" if props.target_group_arns else "EC2",
            health_check_grace_period=props.boot_s,
            default_instance_warmup=props.boot_s,
            termination_policies=["OldestLaunchTemplate", "Default"],
            instance_refresh=_roll(props),
            wait_for_capacity_timeout=_CAPACITY_WAIT,
            # A destroy must end although a machine hangs or a process is suspended: AWS then ends the machines with
            # the group, a warm pool too, and Terraform waits until both are gone.
            force_delete=True,
            tag=[
                AutoscalingGroupTag(key=key, value=value, propagate_at_launch=True)
                for key, value in {**props.tags, "Name": props.name}.items()
            ],
            timeouts=AutoscalingGroupTimeouts(update="10m", delete="20m"),
            # How many there are now is the autoscaler's word; the next apply must not take it back.
            lifecycle=TerraformResourceLifecycle(ignore_changes=["desired_capacity"]),
        )
        self.group_name = group.name


def _mixed(props: ScalingProps) -> AutoscalingGroupMixedInstancesPolicy:
    limit = props.mix.spot_max_usd
    return AutoscalingGroupMixedInstancesPolicy(
        launch_template=AutoscalingGroupMixedInstancesPolicyLaunchTemplate(
            launch_template_specification=AutoscalingGroupMixedInstancesPolicyLaunchTemplateLaunchTemplateSpecification(
                launch_template_id=props.template_id, version=props.template_version
            ),
            override=[
                AutoscalingGroupMixedInstancesPolicyLaunchTemplateOverride(instance_type=type_)
                for type_ in props.types
            ],
        ),
        instances_distribution=AutoscalingGroupMixedInstancesPolicyInstancesDistribution(
            on_demand_allocation_strategy="prioritized",
            on_demand_base_capacity=props.mix.on_demand_base,
            on_demand_percentage_above_base_capacity=props.mix.on_demand_percent,
            spot_allocation_strategy=props.mix.allocation.value,
            spot_max_price=None if limit is None else str(limit),
        ),
    )


def _roll(props: ScalingProps) -> AutoscalingGroupInstanceRefresh:
    return AutoscalingGroupInstanceRefresh(
        strategy="Rolling",
        preferences=AutoscalingGroupInstanceRefreshPreferences(
            min_healthy_percentage=props.min_healthy_percent,
            # With all of them healthy there is no room but above: one more at a time, at least.
            max_healthy_percentage=110 if props.min_healthy_percent == 100 else None,  # noqa: PLR2004 - per cent
            instance_warmup=str(props.boot_s),
            # What already is as the template says stays.
            skip_matching=True,
        ),
    )
