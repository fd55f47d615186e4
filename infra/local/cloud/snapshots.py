"""What the cloud knows, copied out of moto's own objects. Call these under the emulator's lock only."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.local.cloud.instance import Machine

INSTANCE_PORT = 11434


@dataclass(frozen=True)
class Target:
    """A machine that a balancer forwards to: its id, its private address and its door's port."""

    instance_id: str
    address: str
    port: int


@dataclass(frozen=True)
class Listening:
    """One listener of one balancer, with the machines behind it. `path` is where a machine says that it is ready."""

    name: str
    address: str
    port: int
    path: str
    targets: tuple[Target, ...]
    allowed_sources: tuple[str, ...]


def machine(instance: Any, balancers: Sequence[Any]) -> Machine:
    """`balancers` are those that the machine's security groups may name."""
    return Machine(
        instance_id=instance.id,
        region=instance.ec2_backend.region_name,
        private_ip=instance.private_ip,
        public_ip=instance.public_ip,
        user_data=str(instance.user_data) if instance.user_data else None,
        allowed_sources=tuple(
            source
            for group in instance.nics[0].group_set
            for source in _sources(group, INSTANCE_PORT, balancers)
        ),
    )


def listening(elbv2: Any, autoscaling: Any, ec2: Any) -> Iterator[Listening]:
    """Every listener of one region that forwards."""
    for balancer in elbv2.load_balancers.values():
        groups = [ec2.get_security_group_from_id(id_) for id_ in balancer.security_groups or ()]
        for listener in balancer.listeners.values():
            forwards = [action for action in listener.default_actions if action.type == "forward"]
            arns = [
                arn
                for action in forwards
                for arn in elbv2._get_target_group_arns_from(action_data=action.data)  # noqa: SLF001 - no public way
            ]
            target_groups = [elbv2.target_groups[arn] for arn in arns if arn in elbv2.target_groups]
            if not target_groups:
                continue
            port = int(listener.port)
            yield Listening(
                name=balancer.name,
                address=balancer.dns_name,
                port=port,
                path=target_groups[0].health_check_path or "/",
                targets=tuple(_targets(target_groups, autoscaling, ec2)),
                allowed_sources=tuple(s for group in groups if group for s in _sources(group, port, ())),
            )


def _targets(target_groups: Sequence[Any], autoscaling: Any, ec2: Any) -> Iterator[Target]:
    """What was registered, and the members of scaling groups that are attached."""
    for target_group in target_groups:
        ids = dict.fromkeys(target_group.targets)
        for group in autoscaling.autoscaling_groups.values():
            if target_group.arn in group.target_group_arns:
                ids |= dict.fromkeys(state.instance.id for state in group.instance_states)
        for id_ in ids:
            instance = ec2.get_instance_by_id(id_)
            if instance is not None and instance.state == "running":
                yield Target(id_, instance.private_ip, int(target_group.port))


def _sources(group: Any, port: int, balancers: Sequence[Any]) -> Iterator[str]:
    """Networks that a security group lets through to a port. A group that a rule names stands for its balancers."""
    for rule in group.ingress_rules:
        if not _reaches(rule, port):
            continue
        if "CidrIp" in (rule.ip_range or {}):
            yield rule.ip_range["CidrIp"]
        named: Mapping[str, str] = rule.source_group or {}
        for balancer in balancers:
            if named.get("GroupId") in (balancer.security_groups or ()):
                yield f"{balancer.dns_name}/32"


def _reaches(rule: Any, port: int) -> bool:
    if rule.ip_protocol == "-1":
        return True
    in_range: bool = rule.ip_protocol == "tcp" and rule.from_port <= port <= rule.to_port
    return in_range
