"""Where moto answers otherwise than EC2 and Terraform would notice. Applied inside the moto process, before it serves."""

from typing import Any

from moto.ec2.models.instances import Instance


def repair() -> None:
    """Make an instance carry the groups that were named on its network interface, as EC2 describes it.

    Terraform names them there whenever it asks for or refuses a public address. moto describes such an instance as
    having no group, so every later plan would want to add them. Calling this twice changes nothing.
    """
    original = Instance.prep_nics
    if getattr(original, "is_repaired", False):
        return

    def prep_nics(instance: Any, *arguments: Any, **named: Any) -> None:
        original(instance, *arguments, **named)
        if not instance.security_groups:
            instance.security_groups = [group for nic in instance.nics.values() for group in nic._group_set]  # noqa: SLF001 - there is no public way

    prep_nics.is_repaired = True  # type: ignore[attr-defined]  # a mark for the check above
    Instance.prep_nics = prep_nics  # type: ignore[assignment, method-assign]  # that is what a repair is
