"""The launch template that the machines of a group are made from: the same machine that a placement of one has."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from cdktf import TerraformResourceLifecycle, Token
from cdktf_cdktf_provider_aws.launch_template import (
    LaunchTemplate,
    LaunchTemplateBlockDeviceMappings,
    LaunchTemplateBlockDeviceMappingsEbs,
    LaunchTemplateIamInstanceProfile,
    LaunchTemplateInstanceMarketOptions,
    LaunchTemplateInstanceMarketOptionsSpotOptions,
    LaunchTemplateMetadataOptions,
    LaunchTemplateNetworkInterfaces,
    LaunchTemplateTagSpecifications,
)
from constructs import Construct

from contracts.vocabulary import Arch
from infra.cdktf import ids
from infra.cdktf.constructs.aws import image

# Whatever a launch brings into being. Default tags stop at the template itself.
_TAGGED = ("instance", "volume", "network-interface")


@dataclass(frozen=True)
class SpotOptions:
    """Without a limit AWS takes the on-demand price as one."""

    max_usd: Decimal | None = None


@dataclass(frozen=True)
class TemplateProps:
    """`user_data` is base64, `tags` are ready for Terraform.

    `spot` is for machines started from the template alone: a group that mixes spot and on-demand refuses a template
    that has chosen already.
    """

    name: str
    type: str
    arch: Arch
    has_gpu: bool
    disk_gib: int
    security_group_id: str
    instance_profile: str
    public: bool
    user_data: str
    tags: Mapping[str, str]
    spot: SpotOptions | None = None


class Template(Construct):
    """`version` is the newest: a group that names it sees the next one as a change."""

    def __init__(self, scope: Construct, id_: str, props: TemplateProps) -> None:
        super().__init__(scope, id_)
        family = image.FAMILIES[props.arch, props.has_gpu]
        # Looked up where the stack is applied: an image has another id in each region.
        found = image.look_up(self, ids.IMAGE, props.arch, family)
        template = LaunchTemplate(
            self,
            ids.LAUNCH_TEMPLATE,
            name=props.name,
            description="FlowLlama placement: Ollama behind TLS and a token",
            image_id=found.id,
            instance_type=props.type,
            iam_instance_profile=LaunchTemplateIamInstanceProfile(name=props.instance_profile),
            instance_initiated_shutdown_behavior="terminate",
            instance_market_options=_market(props.spot) if props.spot else None,
            metadata_options=LaunchTemplateMetadataOptions(
                http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
            ),
            network_interfaces=[
                LaunchTemplateNetworkInterfaces(
                    device_index=0,
                    associate_public_ip_address=str(props.public).lower(),
                    security_groups=[props.security_group_id],
                    delete_on_termination="true",
                )
            ],
            block_device_mappings=[
                LaunchTemplateBlockDeviceMappings(
                    device_name=found.root_device_name,
                    ebs=LaunchTemplateBlockDeviceMappingsEbs(
                        encrypted="true",
                        volume_type="gp3",
                        # A disk smaller than the image's snapshot would be refused.
                        volume_size=max(props.disk_gib, family.least_disk_gib),
                        delete_on_termination="true",
                    ),
                )
            ],
            user_data=props.user_data,
            update_default_version=True,
            tags={"Name": props.name},
            tag_specifications=_tag_specifications(props),
            # A newer image alone must not replace machines that serve, and Amazon publishes one every few weeks.
            lifecycle=TerraformResourceLifecycle(ignore_changes=["image_id"]),
        )
        self.template_id = template.id
        self.version = Token.as_string(template.latest_version)


def _market(spot: SpotOptions) -> LaunchTemplateInstanceMarketOptions:
    return LaunchTemplateInstanceMarketOptions(
        market_type="spot",
        spot_options=LaunchTemplateInstanceMarketOptionsSpotOptions(
            spot_instance_type="one-time",
            instance_interruption_behavior="terminate",
            max_price=None if spot.max_usd is None else str(spot.max_usd),
        ),
    )


def _tag_specifications(props: TemplateProps) -> list[LaunchTemplateTagSpecifications]:
    # Only a launch that asks for spot itself may tag its request; those of a mixed group end with their machines.
    kinds = (*_TAGGED, *(("spot-instances-request",) if props.spot else ()))
    tags = {**props.tags, "Name": props.name}
    return [LaunchTemplateTagSpecifications(resource_type=kind, tags=tags) for kind in kinds]
