"""The stack specs that the tests of Google Cloud look at, each written once a session."""

from typing import Any

from infra.cdktf import samples
from tests.infra.test_stacks import HOSTILE

NAME = "flowllama-dep-01k00000000000000000000000-1"
ZONE = "us-central1-a"
SUBNET = samples.gcp_deployment()["subnet_id"]
CERTIFICATE = f"projects/{samples.PROJECT}/global/sslCertificates/models"
T4 = {"type": "n1-standard-8", "arch": "x86_64", "gpu_kind": "T4", "gpu_count": 2, "disk_gib": 30}
NO_GPU = {"type": "c3-standard-4", "arch": "x86_64", "gpu_kind": None, "gpu_count": 0, "disk_gib": 8}
ARM = {"type": "c4a-standard-8", "arch": "arm64", "gpu_kind": None, "gpu_count": 0, "disk_gib": 30}
NO_NAME = samples.gcp_deployment_balanced()["balancer"] | {
    "certificate": CERTIFICATE,
    "domain": None,
    "dns_zone": None,
}


def listed(*cidrs: str) -> dict[str, Any]:
    exposure: dict[str, Any] = samples.gcp_deployment_balanced()["exposure"]
    return exposure | {"allow_cidrs": list(cidrs)}


RUNTIME = samples.gcp_platform()["runtime"]

SPECS: dict[str, dict[str, Any]] = {
    "gcp-platform": samples.gcp_platform(),
    "platform-bare": samples.gcp_platform(
        runtime=None, replica=None, customer_key=False, alarm_emails=[], log_retention_days=7
    ),
    "platform-first": samples.gcp_platform(runtime=RUNTIME | {"min_tasks": 0}),
    "platform-own-words": samples.gcp_platform(
        environment="e" * 16,
        replica=None,
        runtime=RUNTIME
        | {
            "certificate": CERTIFICATE,
            "dns_zone": None,
            "settings": {"LOG_LEVEL": HOSTILE, "QUEUE_BROKER": "sqs"},
            "store_cidrs": ["10.9.0.0/16", "2001:db8::/32"],
        },
    ),
    "platform-another-domain": samples.gcp_platform(
        environment="e" * 16, replica=None, runtime=RUNTIME | {"domain": "models.example.com"}
    ),
    "gcp-network": samples.gcp_network(),
    "gcp-network-lean": samples.gcp_network(lean=True),
    "gcp-deployment": samples.gcp_deployment(),
    "gcp-deployment-balanced": samples.gcp_deployment_balanced(),
    "next-epoch": samples.gcp_deployment(epoch=2),
    "models": samples.gcp_network(lean=True, models={"bucket": "flowllama-sample-models"}),
    "long-names": samples.gcp_network(
        environment="e" * 16,
        name="n" * 16,
        region="northamerica-northeast1",
        zones=["northamerica-northeast1-a"],
    ),
    "t4": samples.gcp_deployment(machine=T4),
    "no-gpu-on-demand-private": samples.gcp_deployment(
        machine=NO_GPU,
        spot=False,
        exposure=samples.deployment()["exposure"] | {"kind": "private", "allow_cidrs": []},
    ),
    "arm": samples.gcp_deployment(machine=ARM),
    "ipv6": samples.gcp_deployment(
        exposure={
            "kind": "allow_listed",
            "allow_cidrs": ["203.0.113.7/32", "2001:db8::/32", "10.64.0.0/16"],
            "service_cidrs": ["10.64.0.0/16"],
        }
    ),
    "hostile": samples.gcp_deployment(tags={"label": HOSTILE, "Team Blue": "A"}),
    "balanced-one-zone": samples.gcp_deployment_balanced(
        machine=T4,
        replicas={"min": 2, "max": 2, "subnets": {ZONE: SUBNET}, "public": True},
        balancer=NO_NAME,
    ),
    "balanced-no-gpu": samples.gcp_deployment_balanced(
        machine=NO_GPU,
        spot=False,
        exposure=listed(*(f"203.0.113.{last}/32" for last in range(21)), "2001:db8::/32"),
        tags={"label": HOSTILE},
    ),
    "balanced-next-epoch": samples.gcp_deployment_balanced(epoch=2),
    "balanced-long-name": samples.gcp_deployment_balanced(
        placement_id=f"{samples.DEPLOYMENT_ID}-123456", balancer=NO_NAME
    ),
}
