"""The model store of a platform on Google Cloud, and its copy in a second region where one is wanted."""

from contracts.stack_model import PlatformSpec
from infra.cdktf import ids
from infra.cdktf.constructs.gcp.agents import Agents
from infra.cdktf.constructs.gcp.key import CustomerKey, CustomerKeyProps
from infra.cdktf.constructs.gcp.model_store import ModelStore, ModelStoreProps, ReplicaProps
from infra.cdktf.stacks.gcp.base import GcpStack

_USER = "storage"


def model_store(
    stack: GcpStack, spec: PlatformSpec, name: str, agents: Agents, key_id: str | None
) -> ModelStore:
    return ModelStore(
        stack,
        ids.MODEL_STORE,
        ModelStoreProps(
            name=name,
            project=spec.account,
            bucket=spec.model_bucket,
            region=spec.region,
            key_id=key_id,
            replica=_replica(stack, spec, name, agents),
        ),
    )


def _replica(stack: GcpStack, spec: PlatformSpec, name: str, agents: Agents) -> ReplicaProps | None:
    wanted = spec.replica
    if wanted is None or not wanted.enabled:
        return None
    key_id = None
    if spec.customer_key:
        # A bucket takes a key of its own location only. The account that uses it is the same.
        props = CustomerKeyProps(
            name=f"{name}-replica", location=wanted.region, users={_USER: agents.storage}
        )
        key_id = CustomerKey(stack, ids.REPLICA_KEY, props).for_user[_USER]
    return ReplicaProps(bucket=wanted.bucket, region=wanted.region, key_id=key_id, agent=agents.transfer)
