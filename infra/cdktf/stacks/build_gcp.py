"""Which stack a spec on Google Cloud becomes. Importing this imports the Google bindings."""

from cdktf import App, TerraformStack

from contracts.stack_model import DeploymentSpec, NetworkSpec, PlatformSpec, Replicas, StackSpec
from infra.cdktf.stacks.gcp.balanced import GcpBalancedStack
from infra.cdktf.stacks.gcp.deployment import GcpDeploymentStack
from infra.cdktf.stacks.gcp.network import GcpNetworkStack
from infra.cdktf.stacks.gcp.platform import GcpPlatformStack


def build(app: App, spec: StackSpec) -> TerraformStack:
    match spec:
        case PlatformSpec():
            return GcpPlatformStack(app, spec)
        case NetworkSpec():
            return GcpNetworkStack(app, spec)
        case DeploymentSpec(replicas=Replicas()):
            return GcpBalancedStack(app, spec)
        case DeploymentSpec():
            return GcpDeploymentStack(app, spec)
    raise TypeError(f"There is no stack on Google Cloud for a {type(spec).__name__}.")
