"""The template that the machines of a group are made from: the same machine that a placement of one has."""

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_google.compute_instance_template import (
    ComputeInstanceTemplate,
    ComputeInstanceTemplateDisk,
    ComputeInstanceTemplateGuestAccelerator,
    ComputeInstanceTemplateNetworkInterface,
    ComputeInstanceTemplateNetworkInterfaceAccessConfig,
    ComputeInstanceTemplateScheduling,
    ComputeInstanceTemplateServiceAccount,
    ComputeInstanceTemplateShieldedInstanceConfig,
)
from constructs import Construct

from infra.cdktf import ids, names
from infra.cdktf.constructs.gcp import blueprint, image
from infra.cdktf.constructs.gcp.blueprint import Blueprint

# Terraform adds nine characters to a prefix as long as ours, and a name has 63.
_LONGEST_PREFIX = 54


class Template(Construct):
    """`template_id` names this very version: whoever refers to it sees the next one as a change.

    A template is the whole project's. The region is its subnet's, and the zones are the group's.
    """

    def __init__(self, scope: Construct, id_: str, plan: Blueprint) -> None:
        super().__init__(scope, id_)
        accelerator = blueprint.accelerator(plan)
        template = ComputeInstanceTemplate(
            self,
            ids.TEMPLATE,
            name_prefix=f"{names.within(plan.name, _LONGEST_PREFIX - 1)}-",
            machine_type=plan.type,
            tags=[plan.name],
            labels=plan.labels,
            disk=[_boot_disk(plan)],
            guest_accelerator=[ComputeInstanceTemplateGuestAccelerator(**accelerator)]
            if accelerator
            else None,
            network_interface=[_interface(plan)],
            service_account=ComputeInstanceTemplateServiceAccount(
                email=plan.service_account, scopes=blueprint.SCOPES
            ),
            shielded_instance_config=ComputeInstanceTemplateShieldedInstanceConfig(**blueprint.shield(plan)),
            scheduling=ComputeInstanceTemplateScheduling(**blueprint.scheduling(plan)),
            metadata=blueprint.metadata(plan),
            can_ip_forward=False,
            # A template never changes: the next one has to stand before the group lets go of this.
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )
        self.template_id = template.self_link_unique


def _boot_disk(plan: Blueprint) -> ComputeInstanceTemplateDisk:
    return ComputeInstanceTemplateDisk(
        boot=True,
        auto_delete=True,
        source_image=blueprint.boot_image(plan),
        disk_size_gb=blueprint.disk_gib(plan),
        disk_type=image.disk_type(plan.type),
        labels=plan.labels,
    )


def _interface(plan: Blueprint) -> ComputeInstanceTemplateNetworkInterface:
    external = blueprint.external_address(plan)
    return ComputeInstanceTemplateNetworkInterface(
        subnetwork=plan.subnet_id,
        access_config=[ComputeInstanceTemplateNetworkInterfaceAccessConfig(**external)] if external else None,
    )
