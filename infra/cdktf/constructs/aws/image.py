"""Which machine image fits: Ubuntu 24.04 for the architecture, with NVIDIA's drivers where there is a GPU."""

from dataclasses import dataclass

from cdktf_cdktf_provider_aws.data_aws_ami import DataAwsAmi, DataAwsAmiFilter
from constructs import Construct

from contracts.vocabulary import Arch


@dataclass(frozen=True)
class ImageFamily:
    owner: str
    name: str
    least_disk_gib: int


# Owners are account numbers (Canonical's and Amazon's): anybody may publish an image under any name.
_CANONICAL, _AMAZON = "099720109477", "898082745236"
FAMILIES = {
    (Arch.X86_64, False): ImageFamily(
        _CANONICAL, "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*", 8
    ),
    (Arch.ARM64, False): ImageFamily(
        _CANONICAL, "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-*", 8
    ),
    (Arch.X86_64, True): ImageFamily(
        _AMAZON, "Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 24.04) *", 75
    ),
    (Arch.ARM64, True): ImageFamily(
        _AMAZON, "Deep Learning ARM64 Base OSS Nvidia Driver GPU AMI (Ubuntu 24.04) *", 75
    ),
}


def newest(scope: Construct, id_: str, arch: Arch, family: ImageFamily) -> str:
    """The id of the family's newest image, looked up by Terraform when it plans."""
    return look_up(scope, id_, arch, family).id


def look_up(scope: Construct, id_: str, arch: Arch, family: ImageFamily) -> DataAwsAmi:
    """The newest image itself, for those who also need to know its root device."""
    return DataAwsAmi(
        scope,
        id_,
        most_recent=True,
        owners=[family.owner],
        filter=[
            DataAwsAmiFilter(name="name", values=[family.name]),
            DataAwsAmiFilter(name="architecture", values=[arch.value]),
            DataAwsAmiFilter(name="root-device-type", values=["ebs"]),
            DataAwsAmiFilter(name="virtualization-type", values=["hvm"]),
            DataAwsAmiFilter(name="state", values=["available"]),
        ],
    )
