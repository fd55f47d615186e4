"""Where moto answers otherwise than EC2 and Terraform would notice. Applied inside the moto process, before it serves.

Three concern the security groups of an instance. Terraform names them on the network interface whenever it asks for
or refuses a public address; moto then describes an instance without groups, also when a scaling group launches it by
a template, and it drops them at any ModifyInstanceAttribute it doesn't know. Every later plan would want to add them
again. And a machine that a scaling group launches in place of another is not registered with its balancer.
"""

from typing import Any

from moto.autoscaling.models import AutoScalingBackend
from moto.ec2.models.instances import Instance, InstanceBackend
from moto.ec2.models.launch_templates import LaunchTemplateVersion

from infra.local import moto_scaling

_prep_nics = Instance.prep_nics
_modify_groups = InstanceBackend.modify_instance_security_groups
_notify_terminate = AutoScalingBackend.notify_terminate_instances


def repair() -> None:
    """Calling this twice changes nothing."""
    moto_scaling.repair()
    LaunchTemplateVersion.security_groups = property(_groups_of_a_template)  # type: ignore[assignment]  # it replaces one
    setattr(AutoScalingBackend, "notify_terminate_instances", _register_the_new)  # noqa: B010 - as below
    setattr(Instance, "prep_nics", _take_groups_from_interfaces)  # noqa: B010 - a plain assignment is a type error
    setattr(InstanceBackend, "modify_instance_security_groups", _never_to_none)  # noqa: B010 - the same


def _take_groups_from_interfaces(instance: Any, *arguments: Any, **named: Any) -> None:
    _prep_nics(instance, *arguments, **named)
    if not instance.security_groups:
        instance.security_groups = [group for nic in instance.nics.values() for group in nic.group_set]


def _never_to_none(backend: Any, instance_id: str, groups: list[str]) -> Any:
    return _modify_groups(backend, instance_id, groups) if groups else backend.get_instance(instance_id)


def _groups_of_a_template(version: Any) -> list[str]:
    interfaces = version.data.get("NetworkInterfaces") or ()
    on_interfaces = [
        group for one in interfaces for group in one.get("Groups") or one.get("SecurityGroupId") or ()
    ]
    return list(version.data.get("SecurityGroups") or on_interfaces)


def _register_the_new(backend: Any, instance_ids: list[str]) -> None:
    _notify_terminate(backend, instance_ids)
    there = set(backend.elbv2_backend.target_groups)
    for name, group in list(backend.autoscaling_groups.items()):
        if there.issuperset(group.target_group_arns):
            backend.update_attached_target_groups(name)
