"""The machine of one placement, spot or on-demand. No key pair, no SSH, no way to keep it once it shuts down."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.instance import (
    Instance,
    InstanceInstanceMarketOptions,
    InstanceInstanceMarketOptionsSpotOptions,
    InstanceMetadataOptions,
    InstanceRootBlockDevice,
    InstanceTimeouts,
)
from constructs import Construct

from contracts.vocabulary import Arch
from infra.cdktf import ids
from infra.cdktf.accepted import accept
from infra.cdktf.constructs.aws import image


@dataclass(frozen=True)
class MachineProps:
    """`user_data` is base64; `tags` are ready for Terraform and go on the disk as well, where defaults don't reach."""

    name: str
    type: str
    arch: Arch
    has_gpu: bool
    disk_gib: int
    zone: str
    subnet_id: str
    security_group_id: str
    instance_profile: str
    public: bool
    spot: bool
    spot_max_usd: Decimal | None
    user_data: str
    tags: Mapping[str, str]


class Machine(Construct):
    def __init__(self, scope: Construct, id_: str, props: MachineProps) -> None:
        super().__init__(scope, id_)
        family = image.FAMILIES[props.arch, props.has_gpu]
        instance = Instance(
            self,
            ids.INSTANCE,
            ami=image.newest(self, ids.IMAGE, props.arch, family),
            instance_type=props.type,
            availability_zone=props.zone,
            subnet_id=props.subnet_id,
            vpc_security_group_ids=[props.security_group_id],
            associate_public_ip_address=props.public,
            iam_instance_profile=props.instance_profile,
            instance_market_options=_spot(props) if props.spot else None,
            instance_initiated_shutdown_behavior="terminate",
            metadata_options=InstanceMetadataOptions(
                http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
            ),
            root_block_device=InstanceRootBlockDevice(
                encrypted=True,
                volume_type="gp3",
                # A disk smaller than the image's snapshot would be refused.
                volume_size=max(props.disk_gib, family.least_disk_gib),
                delete_on_termination=True,
                tags={**props.tags, "Name": props.name},
            ),
            user_data_base64=props.user_data,
            tags={**props.tags, "Name": props.name},
            timeouts=InstanceTimeouts(create="10m", update="10m", delete="20m"),
            # A placement is built once. A newer image or start-up script is for the next one; it must not replace
            # a machine that serves, also when another agent, perhaps of a newer version, applies the stack again.
            lifecycle=TerraformResourceLifecycle(
                ignore_changes=["ami", "user_data_base64", "instance_market_options"]
            ),
        )
        accept(
            instance,
            CKV_AWS_88="Its user asked to reach it from the networks on the list; a private one has no address.",
            CKV_AWS_126="Health asks the machine itself every half minute, and detailed monitoring is paid for.",
            CKV_AWS_135="Every type we offer is optimised by default, and naming it is refused by older ones.",
        )
        self.instance_id = instance.id
        self.private_ip = instance.private_ip
        self.public_ip = instance.public_ip
        self.spot_request_id = instance.spot_instance_request_id


def _spot(props: MachineProps) -> InstanceInstanceMarketOptions:
    return InstanceInstanceMarketOptions(
        market_type="spot",
        spot_options=InstanceInstanceMarketOptionsSpotOptions(
            spot_instance_type="one-time",
            instance_interruption_behavior="terminate",
            # Without a limit AWS takes the on-demand price as one.
            max_price=None if props.spot_max_usd is None else str(props.spot_max_usd),
        ),
    )
