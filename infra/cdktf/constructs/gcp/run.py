"""What a process is given on Cloud Run, whether it is a service there or a worker pool."""

from collections.abc import Mapping
from dataclasses import dataclass

from cdktf import ITerraformDependable

from infra.cdktf.processes import Process

# Fargate's CPU has 1,024 parts. Cloud Run takes whole ones, where a process may work while nobody calls it.
_PARTS = 1024
# Cloud Run's file system is memory, and a container may write all of it.
WORK = "/tmp"  # noqa: S108 - a place in a container.


@dataclass(frozen=True)
class RunProps:
    """`environment` are values by setting, ready for Terraform; `secrets` are names of secrets by setting.

    `tags` are network tags; it waits for what is in `after`. Instances: `least` to `most` of a service; a pool has `least`.
    """

    name: str
    region: str
    process: Process
    image: str
    account: str
    environment: Mapping[str, str]
    secrets: Mapping[str, str]
    network: str
    subnet: str
    tags: tuple[str, ...]
    least: int
    most: int
    after: tuple[ITerraformDependable, ...]

    @property
    def values(self) -> dict[str, str]:
        own = {"BIND_HOST": "0.0.0.0", "HOME": WORK}  # noqa: S104 - what listens is Cloud Run's to let in.
        return dict(sorted({**own, **self.environment}.items()))

    @property
    def limits(self) -> dict[str, str]:
        cpus = -(-self.process.vcpu_thousandths // _PARTS)
        return {"cpu": str(cpus), "memory": f"{self.process.memory_mib}Mi"}
