"""Constructs of Google Cloud with props that no stack gives them."""

from collections.abc import Mapping
from typing import Any

from infra.cdktf.constructs.gcp.admission import Admission, AdmissionProps
from infra.cdktf.constructs.gcp.balancer import Balancer, BalancerProps
from infra.cdktf.constructs.gcp.firewall import IAP_RANGE, Firewall, FirewallProps
from tests.infra.gcp.trees import Tree, refused

USERS = "203.0.113.0/24"


def ssh_by_tunnel(stack: Any) -> None:
    Firewall(stack, "firewall", _firewall(ssh_cidrs=(IAP_RANGE, "2001:db8::/32")))


def open_to_the_world_by_ssh(stack: Any) -> None:
    Firewall(stack, "firewall", _firewall(ssh_cidrs=("0.0.0.0/0",)))


def without_a_source(stack: Any) -> None:
    Firewall(stack, "firewall", _firewall(allow_cidrs=("2001:db8::/32",)))


def nobody_admitted(stack: Any) -> None:
    Admission(stack, "admission", AdmissionProps(name="nobody", cidrs=()))


def without_a_certificate(stack: Any) -> None:
    props = BalancerProps(
        name="bare",
        instance_group="group",
        parallel=1,
        cidrs=(USERS,),
        certificate=None,
        host=None,
        labels={},
    )
    Balancer(stack, "balancer", props)


def _firewall(**cidrs: tuple[str, ...]) -> FirewallProps:
    vpc = "projects/flowllama-sample/global/networks/main"
    named: dict[str, Any] = {"allow_cidrs": (USERS,), "service_cidrs": (), **cidrs}
    return FirewallProps(name="machines", vpc_id=vpc, **named)


TREES: Mapping[str, Tree] = {
    "ssh-by-tunnel": ssh_by_tunnel,
    "open-to-the-world-by-ssh": refused(open_to_the_world_by_ssh),
    "without-a-source": refused(without_a_source),
    "nobody-admitted": refused(nobody_admitted),
    "no-certificate": refused(without_a_certificate),
}
