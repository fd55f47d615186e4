"""Settings of the agent."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from environs import Env
from marshmallow import validate

from contracts import ollama_pin
from contracts.stack_network import DEFAULT_SUPERNETS
from contracts.vocabulary import Arch, Cloud
from services.chassis import config
from services.chassis.config import CommonSettings

PORT = 8085
# Names the file of Google's credentials, be they a key or a workload identity. Whoever sets it builds there as well.
GOOGLE_CREDENTIALS = "GOOGLE_APPLICATION_CREDENTIALS"
# What Terraform and its providers may see of our environment. Our own secrets are not among it.
_PASSED_ON = (
    "AWS_",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "SSL_CERT_",
    "PATH",
    "HOME",
    "LANG",
    "TMPDIR",
    GOOGLE_CREDENTIALS,
)


@dataclass(frozen=True)
class StateSettings:
    """The bucket that holds Terraform's states. `path_style` is for stores without a name per bucket."""

    bucket: str
    region: str
    path_style: bool


@dataclass(frozen=True)
class TerraformSettings:
    """`limit_s` bounds one init, plan and apply; `mirror` is empty where it is to be looked for."""

    binary: str
    work_dir: Path
    mirror: str
    limit_s: int
    environment: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class LogSettings:
    """Where instances ship their logs. `agents`: address and SHA-256 of the cloud's agent, a Debian package."""

    group: str
    agents: Mapping[Arch, tuple[str, str]]


@dataclass(frozen=True)
class BuildSettings:
    """What goes into every stack spec. `service_cidrs` are admitted to instances beside the network's own.

    `model_buckets` are by region: instances take and leave models in the one of their own, if there is one. `logs` are
    for instances on AWS, `google_logs` for those on Google Cloud.
    """

    environment: str
    state: StateSettings
    ollama_version: str
    ollama_sha256: Mapping[Arch, str]
    service_cidrs: tuple[str, ...]
    model_buckets: Mapping[str, str] = field(default_factory=dict)
    logs: LogSettings | None = None
    google_logs: LogSettings | None = None


@dataclass(frozen=True)
class Settings:
    """`clouds` are those that the agent builds in."""

    common: CommonSettings
    clouds: frozenset[Cloud]
    build: BuildSettings
    terraform: TerraformSettings
    pricing_url: str
    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    slots: int
    sweep_interval_s: float
    max_offers: int


@dataclass(frozen=True)
class NetworkSettings:
    """What applying a network needs. `account` (of AWS) and `project` (of Google) are asked of the cloud where empty."""

    common: CommonSettings
    build: BuildSettings
    terraform: TerraformSettings
    account: str
    project: str
    supernets: tuple[str, ...]


def build_worker(env: Env) -> Settings:
    auth = env.str("AUTH_URL", "http://127.0.0.1:8081")
    common = config.common(env, service="agent", default_port=PORT)
    return Settings(
        common=common,
        clouds=_clouds(env),
        build=_build(env, common.environment),
        terraform=_terraform(env),
        pricing_url=env.str("PRICING_URL", "http://127.0.0.1:8083"),
        token_url=env.str("SERVICE_TOKEN_URL", f"{auth}/internal/token"),
        client_id=env.str("AGENT_CLIENT_ID", "agent"),
        client_secret=env.str("AGENT_CLIENT_SECRET"),
        slots=env.int("AGENT_SLOTS", 2, validate=config.at_least(1)),
        sweep_interval_s=env.float("SWEEP_INTERVAL_S", 10.0),
        max_offers=env.int("MAX_OFFERS", 8, validate=config.at_least(1)),
    )


def build_network(env: Env) -> NetworkSettings:
    supernets = tuple(str(network) for network in config.networks(env, "VPC_SUPERNETS"))
    common = config.common(env, service="agent", default_port=PORT)
    return NetworkSettings(
        common=common,
        build=_build(env, common.environment),
        terraform=_terraform(env),
        account=env.str("AWS_ACCOUNT_ID", ""),
        project=env.str("GOOGLE_CLOUD_PROJECT", ""),
        supernets=(*DEFAULT_SUPERNETS, *supernets),
    )


def _clouds(env: Env) -> frozenset[Cloud]:
    named: list[str] = env.list("AGENT_CLOUDS", [], validate=validate.ContainsOnly([*Cloud])) or []
    by_themselves = [Cloud.AWS, Cloud.GCP] if env.str(GOOGLE_CREDENTIALS, "") else [Cloud.AWS]
    return frozenset(map(Cloud, named or by_themselves))


def _build(env: Env, environment: str) -> BuildSettings:
    return BuildSettings(
        environment=environment,
        state=StateSettings(
            bucket=env.str("STATE_BUCKET"),
            region=env.str("STATE_REGION", "us-east-1"),
            path_style=env.bool("STATE_PATH_STYLE", False),
        ),
        ollama_version=env.str("OLLAMA_VERSION", ollama_pin.VERSION),
        ollama_sha256={
            Arch.X86_64: env.str("OLLAMA_SHA256_AMD64", ollama_pin.SHA256[Arch.X86_64]),
            Arch.ARM64: env.str("OLLAMA_SHA256_ARM64", ollama_pin.SHA256[Arch.ARM64]),
        },
        service_cidrs=tuple(str(network) for network in config.networks(env, "SERVICE_EGRESS_CIDRS")),
        model_buckets=env.dict("MODEL_BUCKETS", {}),
        logs=_logs(env, "LOG_AGENT"),
        google_logs=_logs(env, "OPS_AGENT") if env.str("OPS_AGENT_URL_AMD64", "") else None,
    )


def _logs(env: Env, agent: str) -> LogSettings | None:
    group = env.str("INSTANCE_LOG_GROUP", "")
    if not group:
        return None
    names = {Arch.X86_64: "AMD64", Arch.ARM64: "ARM64"}
    return LogSettings(
        group,
        {
            arch: (env.str(f"{agent}_URL_{name}"), env.str(f"{agent}_SHA256_{name}"))
            for arch, name in names.items()
        },
    )


def _terraform(env: Env) -> TerraformSettings:
    return TerraformSettings(
        binary=env.str("TERRAFORM_BIN", "terraform"),
        work_dir=Path(env.str("AGENT_WORK_DIR", ".local/state/terraform")).resolve(),
        mirror=env.str("TF_PROVIDER_MIRROR", ""),
        limit_s=env.int("APPLY_LIMIT_S", 900, validate=config.at_least(1)),
        environment={
            name: value for name, value in os.environ.items() if name.upper().startswith(_PASSED_ON)
        },
    )
