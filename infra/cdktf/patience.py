"""How long a new machine may take before it counts as broken, the same on every cloud."""

# Packages and the driver's first start, and then the model: no more than the disk holds, at 40 MiB/s.
_PACKAGES_S, _PULL_S_PER_GIB = 600, 25
# Google waits at most an hour before it replaces what was never ready.
LONGEST_BOOT_S = 3600


def boot_s(disk_gib: int) -> int:
    return min(_PACKAGES_S + _PULL_S_PER_GIB * disk_gib, LONGEST_BOOT_S)
