"""What each process of a platform may do, and the boundary around all of them."""

from collections.abc import Mapping, Sequence

from constructs import Construct

from contracts.stack_model import ModelAccess, PlatformSpec
from contracts.stack_model import Runtime as RuntimeSpec
from infra.cdktf import ids
from infra.cdktf.constructs.aws.agent_grants import AgentReach, agent_grants, balanced_grants
from infra.cdktf.constructs.aws.boundary import Boundary, BoundaryProps
from infra.cdktf.constructs.aws.grants import Grant
from infra.cdktf.constructs.aws.identity import IdentityProps, instance_grants
from infra.cdktf.constructs.aws.model_store import replication_grants
from infra.cdktf.constructs.aws.roles import ProcessRole, ProcessRoleProps, Start, start_grants
from infra.cdktf.constructs.aws.service_grants import look_grants, price_grants, queue_grants
from infra.cdktf.processes import AGENT, HEALTH, PRICING, PROCESSES

# Of an ARN that matters for its form alone: a boundary takes the actions from grants, not their resources.
_ANY_KEY = "arn:aws:kms:us-east-1:123456789012:key/any"


def task_grants(spec: PlatformSpec, runtime: RuntimeSpec, key_arn: str | None) -> Mapping[str, list[Grant]]:
    """By process; auth calls no cloud, and has none. The agent's for balanced placements stand apart."""
    own = {
        PRICING.name: price_grants(),
        HEALTH.name: look_grants(),
        AGENT.name: agent_grants(_reach(spec, runtime, key_arn)),
    }
    found = {
        process.name: [*queue_grants(process, spec.region, spec.account), *own.get(process.name, [])]
        for process in PROCESSES
    }
    return {name: grants for name, grants in found.items() if grants}


def task_roles(
    scope: Construct, spec: PlatformSpec, runtime: RuntimeSpec, key_arn: str | None, boundary_arn: str
) -> Mapping[str, ProcessRole]:
    """By process, as `task_grants`."""
    apart = {AGENT.name: balanced_grants(_reach(spec, runtime, key_arn))}
    return {
        process: _role(scope, spec, process, ids.TASK_ROLE, boundary_arn, grants, apart.get(process, []))
        for process, grants in task_grants(spec, runtime, key_arn).items()
    }


def start_role(
    scope: Construct, spec: PlatformSpec, process: str, boundary_arn: str, start: Start
) -> ProcessRole:
    return _role(scope, spec, process, ids.START_ROLE, boundary_arn, start_grants(start))


def boundary(scope: Construct, spec: PlatformSpec, runtime: RuntimeSpec, name: str) -> str:
    """Returns its ARN. It holds for the roles of processes, of instances, and of the copy of models."""
    models = ModelAccess(spec.model_bucket, _ANY_KEY)
    replica = [spec.replica.bucket] if spec.replica else []
    grants = [
        *(grant for its in task_grants(spec, runtime, _ANY_KEY).values() for grant in its),
        *balanced_grants(_reach(spec, runtime, _ANY_KEY)),
        *start_grants(_any_start(spec, runtime)),
        *instance_grants(IdentityProps(name, spec.account, spec.region, models)),
        *replication_grants("", "", (_ANY_KEY, spec.region), (_ANY_KEY, spec.region)),
    ]
    return Boundary(
        scope,
        ids.BOUNDARY,
        BoundaryProps(
            name=name,
            account=spec.account,
            region=spec.region,
            buckets=(spec.model_bucket, *replica, runtime.state_bucket),
            grants=tuple(grants),
        ),
    ).arn


def _reach(spec: PlatformSpec, runtime: RuntimeSpec, key_arn: str | None) -> AgentReach:
    return AgentReach(
        account=spec.account,
        region=spec.region,
        environment=spec.environment,
        state_bucket_arn=f"arn:aws:s3:::{runtime.state_bucket}",
        key_arn=key_arn,
        zones=runtime.placement_zones,
    )


def _role(
    scope: Construct,
    spec: PlatformSpec,
    process: str,
    purpose: str,
    boundary_arn: str,
    grants: list[Grant],
    apart: Sequence[Grant] = (),
) -> ProcessRole:
    return ProcessRole(
        scope,
        f"{process}-{purpose}",
        ProcessRoleProps(
            name=f"{spec.environment}-{spec.region}-{process}",
            account=spec.account,
            region=spec.region,
            purpose=purpose,
            boundary_arn=boundary_arn,
            grants=tuple(grants),
            apart=tuple(apart),
        ),
    )


def _any_start(spec: PlatformSpec, runtime: RuntimeSpec) -> Start:
    return Start(
        account=spec.account,
        region=spec.region,
        image=runtime.image,
        log_group_arn="",
        stream_prefix="",
        secret_arns=("",),
        key_arn=_ANY_KEY,
    )
