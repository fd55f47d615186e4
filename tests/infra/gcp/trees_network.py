"""Networks in several regions, and identities that stand in for a service account."""

from collections.abc import Mapping
from typing import Any

from infra.cdktf.constructs.gcp.network import Network, NetworkProps, Region
from infra.cdktf.constructs.gcp.workload_identity import (
    AwsIdentity,
    AwsIdentityProps,
    PodIdentity,
    PodIdentityProps,
)
from tests.infra.gcp.trees import Tree, refused

PROJECT = "flowllama-sample"
ACCOUNT = f"projects/{PROJECT}/serviceAccounts/flowllama@{PROJECT}.iam.gserviceaccount.com"
EUROPE = Region("europe-west4", "10.65.0.0/16", ("europe-west4-a", "europe-west4-b"))


def network(stack: Any, *others: Region, lean: bool = False) -> Any:
    made = Network(
        stack,
        "network",
        NetworkProps(
            name="main",
            vpc_name="main",
            region="us-central1",
            cidr="10.64.0.0/16",
            zones=("us-central1-a",),
            lean=lean,
            others=others,
        ),
    )
    return {"public": made.public_subnets, "private": made.private_subnets, "egress": made.egress_cidrs}


def pod(stack: Any, namespace: str = "flowllama", account: str = "agent") -> None:
    PodIdentity(stack, "pod", PodIdentityProps(ACCOUNT, PROJECT, namespace, account))


def agent_on_aws(stack: Any, role: str = "flowllama-agent") -> str:
    props = AwsIdentityProps("flowllama-prod", PROJECT, ACCOUNT, "123456789012", role)
    return AwsIdentity(stack, "agent", props).provider


TREES: Mapping[str, Tree] = {
    "one-region": network,
    "two-regions": lambda stack: network(stack, EUROPE),
    "two-lean-regions": lambda stack: network(stack, EUROPE, lean=True),
    "overlapping-regions": refused(
        lambda stack: network(stack, Region("europe-west4", "10.64.128.0/17", ("europe-west4-a",)))
    ),
    "the-same-region-twice": refused(
        lambda stack: network(stack, Region("us-central1", "10.65.0.0/16", ("us-central1-b",)))
    ),
    "pod": pod,
    "pod-with-a-bracket": refused(lambda stack: pod(stack, "flowllama", "agent]")),
    "agent-on-aws": agent_on_aws,
    "role-with-a-quote": refused(lambda stack: agent_on_aws(stack, "agent' || true || 'x")),
}
