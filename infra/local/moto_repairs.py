"""Where moto answers otherwise than EC2 and Terraform would notice. Applied inside the moto process, before it serves.

Both concern the security groups of an instance. Terraform names them on the network interface whenever it asks for
or refuses a public address; moto then describes an instance without groups, and it also drops them at any
ModifyInstanceAttribute it doesn't know. Every later plan would want to add them again.
"""

from typing import Any

from moto.ec2.models.instances import Instance, InstanceBackend

_prep_nics = Instance.prep_nics
_modify_groups = InstanceBackend.modify_instance_security_groups


def repair() -> None:
    """Calling this twice changes nothing."""
    setattr(Instance, "prep_nics", _take_groups_from_interfaces)  # noqa: B010 - a plain assignment is a type error
    setattr(InstanceBackend, "modify_instance_security_groups", _never_to_none)  # noqa: B010 - the same


def _take_groups_from_interfaces(instance: Any, *arguments: Any, **named: Any) -> None:
    _prep_nics(instance, *arguments, **named)
    if not instance.security_groups:
        instance.security_groups = [group for nic in instance.nics.values() for group in nic.group_set]


def _never_to_none(backend: Any, instance_id: str, groups: list[str]) -> Any:
    return _modify_groups(backend, instance_id, groups) if groups else backend.get_instance(instance_id)
