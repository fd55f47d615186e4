"""What a placement may leave behind in each cloud; the sweep asks for each of these kinds, and for no other."""

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.vocabulary import Cloud

_AWS_MACHINE = ("instance", "spot_request", "volume", "network_interface", "security_group")
_GCP_MACHINE = ("instance", "disk", "firewall")

SINGLE: Mapping[str, Sequence[str]] = {Cloud.AWS: _AWS_MACHINE, Cloud.GCP: _GCP_MACHINE}
BALANCED: Mapping[str, Sequence[str]] = {
    Cloud.AWS: ("scaling_group", "load_balancer", "target_group", "launch_template", *_AWS_MACHINE),
    Cloud.GCP: (
        "autoscaler",
        "forwarding_rule",
        "https_proxy",
        "url_map",
        "certificate",
        "tls_policy",
        "backend_service",
        "security_policy",
        "scaling_group",
        "health_check",
        "address",
        "instance_template",
        *_GCP_MACHINE,
    ),
}
# What costs money while it stands; a group also makes machines again. The reaper looks for these.
COSTLY: Mapping[str, Sequence[str]] = {
    Cloud.AWS: ("scaling_group", "instance", "load_balancer"),
    Cloud.GCP: ("scaling_group", "instance", "forwarding_rule"),
}


def left_by(spec: Mapping[str, Any]) -> Sequence[str]:
    """Only replicas have more than a machine."""
    return (SINGLE if spec.get("replicas") is None else BALANCED)[spec["cloud"]]
