"""The settings of each process that are no secrets. What the operator's spec says comes last, and wins."""

from collections.abc import Mapping

from contracts.stack_model import PlatformSpec
from contracts.stack_model import Runtime as RuntimeSpec
from infra.cdktf import text
from infra.cdktf.constructs.gcp import run_names
from infra.cdktf.constructs.gcp.gateway import CALLER_HEADER
from infra.cdktf.constructs.gcp.run import WORK
from infra.cdktf.processes import AGENT, AUTH, PRICING, Process


def environment(
    spec: PlatformSpec, runtime: RuntimeSpec, process: Process, *, name: str, project_number: str
) -> Mapping[str, str]:
    """Ready for Terraform: the operator's values are escaped, and the project's number is a reference."""

    def url(called: Process) -> str:
        return run_names.address(name, called, project_number, spec.region)

    own = _of_the_agent(spec, runtime) if process == AGENT else {}
    return {
        "FLOWLLAMA_ENVIRONMENT": spec.environment,
        "GOOGLE_CLOUD_PROJECT": spec.account,
        "QUEUE_BROKER": "pubsub",
        "AUTH_URL": url(AUTH),
        "PRICING_URL": url(PRICING),
        "CLIENT_ADDRESS_HEADER": CALLER_HEADER,
        **own,
        **text.literals(runtime.settings),
    }


def _of_the_agent(spec: PlatformSpec, runtime: RuntimeSpec) -> Mapping[str, str]:
    return {
        "AGENT_WORK_DIR": f"{WORK}/terraform",
        "STATE_BUCKET": runtime.state_bucket,
        "STATE_REGION": spec.region,
        "MODEL_BUCKETS": f"{spec.region}={spec.model_bucket}",
    }
