"""One valid spec of each kind, as JSON: what `make synth` writes, and what tests start from."""

from typing import Any

from contracts import ollama_pin
from contracts.vocabulary import Arch

DEPLOYMENT_ID = "dep_01k00000000000000000000000"
PROJECT = "flowllama-sample"


def every() -> dict[str, dict[str, Any]]:
    """What `make synth` writes, by the name of its folder: one of each kind, for both clouds."""
    return {
        "platform": platform(),
        "network": network(),
        "network-lean": network(lean=True),
        "network-models": network(
            models={
                "bucket": "flowllama-sample-models-123456789012",
                "key_arn": "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012",
            }
        ),
        "deployment": deployment(),
        "deployment-balanced": deployment_balanced(),
        "gcp-platform": gcp_platform(),
        "gcp-network": gcp_network(),
        "gcp-network-lean": gcp_network(lean=True),
        "gcp-network-models": gcp_network(models={"bucket": "flowllama-sample-models"}),
        "gcp-deployment": gcp_deployment(),
        "gcp-deployment-balanced": gcp_deployment_balanced(),
    }


def network(**changes: Any) -> dict[str, Any]:
    return {
        **_common("network", "networks/us-east-1.tfstate"),
        "name": "main",
        "cidr": "10.64.0.0/16",
        "zones": ["us-east-1a", "us-east-1b"],
        "lean": False,
        **changes,
    }


def platform(**changes: Any) -> dict[str, Any]:
    return {
        **_common("platform", "platforms/us-east-1.tfstate"),
        "model_bucket": "flowllama-sample-models-123456789012",
        "replica": {"bucket": "flowllama-sample-models-123456789012-us-west-2", "region": "us-west-2"},
        "customer_key": True,
        "log_retention_days": 30,
        "alarm_emails": ["operations@example.com"],
        "runtime": runtime(),
        **changes,
    }


def runtime(**changes: Any) -> dict[str, Any]:
    return {
        "image": f"123456789012.dkr.ecr.us-east-1.amazonaws.com/flowllama@sha256:{'0' * 64}",
        "vpc_id": "vpc-0123456789abcdef0",
        "subnets": {"us-east-1a": "subnet-0123456789abcdef0", "us-east-1b": "subnet-0123456789abcdef1"},
        "state_bucket": "flowllama-sample-state-123456789012",
        "min_tasks": 1,
        "max_tasks": 4,
        "settings": {"LOG_LEVEL": "INFO", "INSTANCE_NETWORKS": "10.64.0.0/16"},
        "store_cidrs": ["10.80.0.0/16"],
        "domain": "api.example.com",
        "certificate": "arn:aws:acm:us-east-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef",
        "dns_zone": "Z0123456789ABCDEFGHIJ",
        "placement_zones": ["Z0123456789ABCDEFGHIK"],
        **changes,
    }


def deployment(**changes: Any) -> dict[str, Any]:
    placement_id = f"{DEPLOYMENT_ID}-1"
    return {
        **_common("deployment", f"placements/{placement_id}/1.tfstate"),
        "deployment_id": DEPLOYMENT_ID,
        "placement_id": placement_id,
        "epoch": 1,
        "zone": "us-east-1a",
        "subnet_id": "subnet-0123456789abcdef0",
        "vpc_id": "vpc-0123456789abcdef0",
        "instance_profile": "flowllama-sample-main-us-east-1",
        "machine": {
            "type": "g5.xlarge",
            "arch": "x86_64",
            "gpu_kind": "A10G",
            "gpu_count": 1,
            "disk_gib": 60,
        },
        "spot": True,
        "spot_max_usd": "0.61",
        "exposure": {
            "kind": "allow_listed",
            "allow_cidrs": ["203.0.113.7/32"],
            "service_cidrs": ["10.64.0.0/16"],
        },
        "ollama": {"version": ollama_pin.VERSION, "sha256": ollama_pin.SHA256[Arch.X86_64]},
        "model": {
            "tag": "llama3.2:1b",
            "context_size": 8192,
            "parallel": 2,
            "kv_type": "f16",
            "digest": None,
        },
        "tokens": {"user_sha256": "a" * 64, "health_sha256": "b" * 64},
        **changes,
    }


def deployment_balanced(**changes: Any) -> dict[str, Any]:
    sample = deployment()
    return {
        **sample,
        "exposure": sample["exposure"] | {"kind": "load_balanced"},
        "replicas": {
            "min": 1,
            "max": 4,
            "subnets": {
                "us-east-1a": "subnet-0123456789abcdef0",
                "us-east-1b": "subnet-0123456789abcdef1",
            },
            "public": False,
        },
        "balancer": {
            "subnets": ["subnet-0123456789abcdef2", "subnet-0123456789abcdef3"],
            "certificate": "arn:aws:acm:us-east-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef",
            "domain": "models.example.com",
            "dns_zone": "Z0123456789ABCDEFGHIJ",
        },
        **changes,
    }


def _common(kind: str, key: str) -> dict[str, Any]:
    return {
        "kind": kind,
        "version": 1,
        "cloud": "aws",
        "account": "123456789012",
        "environment": "sample",
        "region": "us-east-1",
        "tags": {},
        "provider": {"max_retries": 3},
        "backend": {
            "kind": "s3",
            "bucket": "flowllama-sample-state",
            "key": key,
            "region": "us-east-1",
            "path_style": False,
        },
    }


def gcp_platform(**changes: Any) -> dict[str, Any]:
    subnet = f"projects/{PROJECT}/regions/us-central1/subnetworks/flowllama-sample-main"
    return {
        **platform(),
        **_on_google("platforms/gcp/us-central1.tfstate"),
        "model_bucket": "flowllama-sample-models",
        "replica": {"bucket": "flowllama-sample-models-us-east4", "region": "us-east4"},
        "runtime": {
            "image": f"us-central1-docker.pkg.dev/{PROJECT}/flowllama/services@sha256:{'c' * 64}",
            "vpc_id": f"projects/{PROJECT}/global/networks/flowllama-sample-main-us-central1",
            "subnets": {"us-central1-a": subnet, "us-central1-b": subnet},
            "state_bucket": "flowllama-sample-states",
            "min_tasks": 1,
            "max_tasks": 4,
            "settings": {"LOG_LEVEL": "INFO"},
            "domain": "api.example.com",
            "dns_zone": "api-example-com",
        },
        **changes,
    }


def gcp_network(**changes: Any) -> dict[str, Any]:
    return {
        **network(zones=["us-central1-a", "us-central1-b"]),
        **_on_google("networks/gcp/us-central1.tfstate"),
        **changes,
    }


def gcp_deployment(**changes: Any) -> dict[str, Any]:
    sample = deployment()
    return {
        **sample,
        **_on_google(sample["backend"]["key"]),
        "zone": "us-central1-a",
        "subnet_id": f"projects/{PROJECT}/regions/us-central1/subnetworks/flowllama-sample-main",
        "vpc_id": f"projects/{PROJECT}/global/networks/flowllama-sample-main-us-central1",
        "instance_profile": f"flowllama-sample-main@{PROJECT}.iam.gserviceaccount.com",
        "machine": {
            "type": "g2-standard-4",
            "arch": "x86_64",
            "gpu_kind": "L4",
            "gpu_count": 1,
            "disk_gib": 60,
        },
        "spot_max_usd": None,
        **changes,
    }


def gcp_deployment_balanced(**changes: Any) -> dict[str, Any]:
    sample = gcp_deployment()
    zones = ("us-central1-a", "us-central1-b", "us-central1-c")
    return {
        **sample,
        "exposure": sample["exposure"] | {"kind": "load_balanced"},
        "replicas": {
            "min": 1,
            "max": 4,
            "subnets": dict.fromkeys(zones, sample["subnet_id"]),
            "public": False,
        },
        "balancer": {
            "subnets": [sample["subnet_id"]],
            "certificate": None,
            "domain": "models.example.com",
            "dns_zone": "models-example-com",
        },
        **changes,
    }


def _on_google(key: str) -> dict[str, Any]:
    return {
        "cloud": "gcp",
        "account": PROJECT,
        "region": "us-central1",
        "backend": {"kind": "gcs", "bucket": "flowllama-sample-state", "key": key},
    }
