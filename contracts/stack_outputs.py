"""What a stack tells back, read from `terraform output -json`.

Terraform leaves out an output whose value is null, and the AWS provider says "" where it means "none": both come
back as None here, so nobody else has to know.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class RuntimeOutputs:
    """Services and task roles by process, secrets (where an operator fills them in) by setting."""

    api_endpoint: str
    cluster: str | None
    services: Mapping[str, str]
    secrets: Mapping[str, str]
    state_bucket: str
    task_roles: Mapping[str, str]
    boundary_arn: str | None


@dataclass(frozen=True)
class PlatformOutputs:
    """Queues by their name in the topology, log groups by service; no key, replica or runtime is None.

    `alarm_topic_arn` is None on Google Cloud where no address is told of alarms.
    """

    queue_urls: Mapping[str, str]
    queue_arns: Mapping[str, str]
    dead_letter_arns: Mapping[str, str]
    model_bucket: str
    model_key_arn: str | None
    replica_bucket: str | None
    log_groups: Mapping[str, str]
    alarm_topic_arn: str | None
    dashboard: str
    runtime: RuntimeOutputs | None


@dataclass(frozen=True)
class NetworkOutputs:
    """The subnets map a zone to an id; `private_subnets` is empty for a lean network."""

    vpc_id: str
    public_subnets: Mapping[str, str]
    private_subnets: Mapping[str, str]
    instance_profile: str
    egress_cidrs: tuple[str, ...]


@dataclass(frozen=True)
class DeploymentOutputs:
    """`address` is where the platform and the user reach the instance: the public address unless it is private.

    Replicas have a balancer instead: `address` is its name or the placement's own, `instance_id` the scaling group's.
    """

    instance_id: str
    private_ip: str | None
    public_ip: str | None
    address: str
    spot_request_id: str | None
    security_group_id: str
    balancer_name: str | None = None


def read_platform_outputs(document: Mapping[str, Any]) -> PlatformOutputs:
    """Raises KeyError when an output that every platform has is missing or empty."""
    return PlatformOutputs(
        queue_urls=dict(document["queue_urls"]["value"]),
        queue_arns=dict(document["queue_arns"]["value"]),
        dead_letter_arns=dict(document["dead_letter_arns"]["value"]),
        model_bucket=_value(document, "model_bucket"),
        model_key_arn=_optional(document, "model_key_arn"),
        replica_bucket=_optional(document, "replica_bucket"),
        log_groups=dict(document["log_groups"]["value"]),
        alarm_topic_arn=_optional(document, "alarm_topic_arn"),
        dashboard=_value(document, "dashboard"),
        runtime=_runtime(document) if _optional(document, "api_endpoint") else None,
    )


def read_network_outputs(document: Mapping[str, Any]) -> NetworkOutputs:
    """Raises KeyError when an output is missing: the stack was not, or not fully, applied."""
    return NetworkOutputs(
        vpc_id=_value(document, "vpc_id"),
        public_subnets=dict(document["public_subnets"]["value"]),
        private_subnets=dict(document["private_subnets"]["value"]),
        instance_profile=_value(document, "instance_profile"),
        egress_cidrs=tuple(document["egress_cidrs"]["value"]),
    )


def read_deployment_outputs(document: Mapping[str, Any]) -> DeploymentOutputs:
    """Raises KeyError when an output that every placement has is missing or empty."""
    return DeploymentOutputs(
        instance_id=_value(document, "instance_id"),
        private_ip=_optional(document, "private_ip"),
        public_ip=_optional(document, "public_ip"),
        address=_value(document, "address"),
        spot_request_id=_optional(document, "spot_request_id"),
        security_group_id=_value(document, "security_group_id"),
        balancer_name=_optional(document, "balancer_name"),
    )


def _runtime(document: Mapping[str, Any]) -> RuntimeOutputs:
    return RuntimeOutputs(
        api_endpoint=_value(document, "api_endpoint"),
        cluster=_optional(document, "cluster"),
        services=dict(document["services"]["value"]),
        secrets=dict(document["secrets"]["value"]),
        state_bucket=_value(document, "state_bucket"),
        task_roles=dict(document["task_roles"]["value"]),
        boundary_arn=_optional(document, "boundary_arn"),
    )


def _value(document: Mapping[str, Any], name: str) -> str:
    found = _optional(document, name)
    if found is None:
        raise KeyError(name)
    return found


def _optional(document: Mapping[str, Any], name: str) -> str | None:
    value = document.get(name, {}).get("value")
    return str(value) if value else None
