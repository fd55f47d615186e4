"""The settings of each process that are no secrets. What the operator's spec says comes last, and wins."""

from collections.abc import Mapping

from contracts.stack_model import PlatformSpec
from contracts.stack_model import Runtime as RuntimeSpec
from infra.cdktf.constructs.aws.container import WORK
from infra.cdktf.constructs.aws.gateway import CALLER_HEADER
from infra.cdktf.processes import AGENT, AUTH, PRICING, Process


def internal_domain(spec: PlatformSpec) -> str:
    return f"{spec.environment}.flowllama.internal"


def environment(spec: PlatformSpec, runtime: RuntimeSpec, process: Process) -> Mapping[str, str]:
    own = _of_the_agent(spec, runtime) if process == AGENT else {}
    return {
        "FLOWLLAMA_ENVIRONMENT": spec.environment,
        "AWS_REGION": spec.region,
        "AWS_DEFAULT_REGION": spec.region,
        "QUEUE_BROKER": "sqs",
        "AUTH_URL": _url(spec, AUTH),
        "PRICING_URL": _url(spec, PRICING),
        "CLIENT_ADDRESS_HEADER": CALLER_HEADER,
        **own,
        **runtime.settings,
    }


def _of_the_agent(spec: PlatformSpec, runtime: RuntimeSpec) -> Mapping[str, str]:
    return {
        "AGENT_WORK_DIR": f"{WORK}/terraform",
        "STATE_BUCKET": runtime.state_bucket,
        "STATE_REGION": spec.region,
        "MODEL_BUCKETS": f"{spec.region}={spec.model_bucket}",
    }


def _url(spec: PlatformSpec, process: Process) -> str:
    return f"http://{process.name}.{internal_domain(spec)}:{process.port}"
