"""Where moto answers otherwise than EC2 and Terraform would notice. Applied inside the moto process, before it serves."""

from typing import Any

from moto.ec2.models.instances import Instance


def repair() -> None:
    # An instance that names its groups on its network interface, as Terraform does when it asks for or refuses a public
    # address, is described by moto as having none; every later plan would want to add them.
    setattr(Instance, "dynamic_group_list", _groups)  # noqa: B010 - a plain assignment is a type error


def _groups(instance: Any) -> Any:
    return instance.security_groups or [group for nic in instance.nics.values() for group in nic.group_set]
