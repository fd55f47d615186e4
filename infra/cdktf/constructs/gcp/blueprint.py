"""What one machine is made of, whether it stands alone or comes out of a template.

The bindings have a class of each part for machines and another for templates, with the same arguments. So the parts
are told here as arguments, and `machine` and `template` put them into their own classes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.vocabulary import Arch, GpuKind
from infra.cdktf.constructs.gcp import image

# N1 is the only series whose GPUs are attached; every other one has them by its machine type.
_ATTACHED = {GpuKind.T4: "nvidia-tesla-t4"}
_ATTACHING_SERIES = "n1-"

# The scope admits everything, so that the account's roles alone decide.
SCOPES = ["cloud-platform"]

Arguments = dict[str, Any]


@dataclass(frozen=True)
class Blueprint:
    """`user_data` is base64; `name` is also the network tag that the placement's firewall rule names."""

    name: str
    type: str
    arch: Arch
    gpu_kind: GpuKind | None
    gpu_count: int
    disk_gib: int
    subnet_id: str
    service_account: str
    public: bool
    spot: bool
    user_data: str
    labels: Mapping[str, str]


def metadata(machine: Blueprint) -> dict[str, str]:
    return {
        "user-data": machine.user_data,
        "user-data-encoding": "base64",
        "enable-oslogin": "TRUE",
        "block-project-ssh-keys": "TRUE",
        "serial-port-enable": "FALSE",
    }


def boot_image(machine: Blueprint) -> str:
    return image.IMAGES[machine.arch, machine.gpu_kind is not None]


def disk_gib(machine: Blueprint) -> int:
    return image.disk_gib(machine.disk_gib, has_gpu=machine.gpu_kind is not None)


def accelerator(machine: Blueprint) -> Arguments | None:
    if machine.gpu_kind is None or not machine.type.startswith(_ATTACHING_SERIES):
        return None
    return {"type": _ATTACHED[machine.gpu_kind], "count": machine.gpu_count}


def external_address(machine: Blueprint) -> Arguments | None:
    return {"network_tier": "PREMIUM"} if machine.public else None


def shield(machine: Blueprint) -> Arguments:
    return {
        "enable_vtpm": True,
        "enable_integrity_monitoring": True,
        # It refuses a kernel module that nobody signed, and a GPU without its driver is of no use to anybody. That
        # the accelerator images' drivers are signed, and that Arm machines have it, was not seen.
        "enable_secure_boot": machine.gpu_kind is None and machine.arch is Arch.X86_64,
    }


def scheduling(machine: Blueprint) -> Arguments:
    if machine.spot:
        return {
            "provisioning_model": "SPOT",
            "preemptible": True,
            "automatic_restart": False,
            "on_host_maintenance": "TERMINATE",
            # Its disk would be billed on, and it is never started again: the next machine replaces it.
            "instance_termination_action": "DELETE",
        }
    return {
        "provisioning_model": "STANDARD",
        "automatic_restart": True,
        # A GPU can't be moved to another host while it works.
        "on_host_maintenance": "MIGRATE" if machine.gpu_kind is None else "TERMINATE",
    }
