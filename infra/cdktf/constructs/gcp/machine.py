"""The machine of one placement, spot or on-demand. No key, no SSH, and nothing is left of a spot machine that ends."""

from dataclasses import dataclass

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_google.compute_instance import (
    ComputeInstance,
    ComputeInstanceBootDisk,
    ComputeInstanceBootDiskInitializeParams,
    ComputeInstanceGuestAccelerator,
    ComputeInstanceNetworkInterface,
    ComputeInstanceNetworkInterfaceAccessConfig,
    ComputeInstanceScheduling,
    ComputeInstanceServiceAccount,
    ComputeInstanceShieldedInstanceConfig,
    ComputeInstanceTimeouts,
)
from constructs import Construct

from infra.cdktf import ids, labels
from infra.cdktf.accepted import accept
from infra.cdktf.constructs.gcp import blueprint, image
from infra.cdktf.constructs.gcp.blueprint import Blueprint


@dataclass(frozen=True)
class MachineProps:
    plan: Blueprint
    zone: str


class Machine(Construct):
    def __init__(self, scope: Construct, id_: str, props: MachineProps) -> None:
        super().__init__(scope, id_)
        plan = props.plan
        accelerator = blueprint.accelerator(plan)
        instance = ComputeInstance(
            self,
            ids.INSTANCE,
            name=plan.name,
            machine_type=plan.type,
            zone=props.zone,
            tags=[plan.name],
            labels=plan.labels,
            boot_disk=_boot_disk(plan),
            guest_accelerator=[ComputeInstanceGuestAccelerator(**accelerator)] if accelerator else None,
            network_interface=[_interface(plan)],
            service_account=ComputeInstanceServiceAccount(
                email=plan.service_account, scopes=blueprint.SCOPES
            ),
            shielded_instance_config=ComputeInstanceShieldedInstanceConfig(**blueprint.shield(plan)),
            scheduling=ComputeInstanceScheduling(**blueprint.scheduling(plan)),
            metadata=blueprint.metadata(plan),
            can_ip_forward=False,
            timeouts=ComputeInstanceTimeouts(create="10m", update="10m", delete="20m"),
            # A placement is built once. A newer image or start-up script is for the next one; it must not replace
            # a machine that serves, also when another agent, perhaps of a newer version, applies the stack again.
            # Nor must the SSDs that come with a2-ultragpu, a3 and the like: the provider finds them, misses them here,
            # and would replace the machine at every apply.
            lifecycle=TerraformResourceLifecycle(
                ignore_changes=[
                    "boot_disk[0].initialize_params[0].image",
                    'metadata["user-data"]',
                    "scratch_disk",
                ]
            ),
        )
        accept(
            instance,
            CKV_GCP_38="Google's own key encrypts a disk that lives as long as its machine and holds a public model.",
            CKV_GCP_40="Its user asked to reach it from the networks on the list; a private one has no address.",
        )
        interface = instance.network_interface.get(0)
        self.instance_id = instance.id
        self.private_ip = interface.network_ip
        self.public_ip = interface.access_config.get(0).nat_ip if plan.public else ""


def _boot_disk(plan: Blueprint) -> ComputeInstanceBootDisk:
    return ComputeInstanceBootDisk(
        auto_delete=True,
        initialize_params=ComputeInstanceBootDiskInitializeParams(
            image=blueprint.boot_image(plan),
            size=blueprint.disk_gib(plan),
            type=image.disk_type(plan.type),
            # Only what never changes: another label on its disk is another machine to the provider.
            labels=labels.lasting(plan.labels),
        ),
    )


def _interface(plan: Blueprint) -> ComputeInstanceNetworkInterface:
    external = blueprint.external_address(plan)
    return ComputeInstanceNetworkInterface(
        subnetwork=plan.subnet_id,
        access_config=[ComputeInstanceNetworkInterfaceAccessConfig(**external)] if external else None,
    )
