"""Which stack a spec on AWS becomes. Importing this imports the AWS bindings."""

from cdktf import App, TerraformStack

from contracts.stack_model import DeploymentSpec, NetworkSpec, PlatformSpec, Replicas, StackSpec
from infra.cdktf.stacks.balanced import BalancedStack
from infra.cdktf.stacks.deployment import DeploymentStack
from infra.cdktf.stacks.network import NetworkStack
from infra.cdktf.stacks.platform import PlatformStack


def build(app: App, spec: StackSpec) -> TerraformStack:
    match spec:
        case PlatformSpec():
            return PlatformStack(app, spec)
        case NetworkSpec():
            return NetworkStack(app, spec)
        case DeploymentSpec(replicas=Replicas()):
            return BalancedStack(app, spec)
        case DeploymentSpec():
            return DeploymentStack(app, spec)
    raise TypeError(f"There is no stack on AWS for a {type(spec).__name__}.")
