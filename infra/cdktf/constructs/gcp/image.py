"""Which image and disk a machine boots from: Ubuntu 24.04, with NVIDIA's driver where there is a GPU.

Both projects are Canonical's, and both kinds come with cloud-init. A family stands for its newest image; Terraform
sees no change when that moves on.
"""

from contracts.vocabulary import Arch

IMAGES = {
    (Arch.X86_64, False): "ubuntu-os-cloud/ubuntu-2404-lts-amd64",
    (Arch.ARM64, False): "ubuntu-os-cloud/ubuntu-2404-lts-arm64",
    (Arch.X86_64, True): "ubuntu-os-accelerator-images/ubuntu-accelerator-2404-amd64-with-nvidia-580",
    (Arch.ARM64, True): "ubuntu-os-accelerator-images/ubuntu-accelerator-2404-arm64-with-nvidia-580",
}

# Ubuntu's own images have 10 GB. What the driver adds to it is not published; public configurations begin at 50.
_LEAST_DISK_GIB = {False: 10, True: 50}

# Series that take no Persistent Disk at all (as listed in nextflow-io/nextflow pull request 6841, merged 2026-03-17).
HYPERDISK_ONLY = ("c4", "c4a", "c4d", "n4", "n4a", "n4d")


def disk_gib(asked: int, *, has_gpu: bool) -> int:
    """A disk smaller than its image is refused."""
    return max(asked, _LEAST_DISK_GIB[has_gpu])


def disk_type(machine_type: str) -> str:
    return "hyperdisk-balanced" if machine_type.partition("-")[0] in HYPERDISK_ONLY else "pd-balanced"
