"""The shape of a checked stack spec. Made by `contracts.stack_spec.load_stack_spec`, never by hand in product code."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from contracts.vocabulary import Arch, Cloud, Exposure, GpuKind, KvType, Nat


@dataclass(frozen=True)
class Provider:
    max_retries: int


@dataclass(frozen=True)
class Backend:
    """Where the state lies. Locking is always on, so it is no choice here. A region is S3's: gcs has None."""

    kind: str
    bucket: str
    key: str
    region: str | None
    path_style: bool


@dataclass(frozen=True)
class Machine:
    type: str
    arch: Arch
    gpu_kind: GpuKind | None
    gpu_count: int
    disk_gib: int


@dataclass(frozen=True)
class Reach:
    kind: Exposure
    allow_cidrs: tuple[str, ...]
    service_cidrs: tuple[str, ...]


@dataclass(frozen=True)
class Ollama:
    version: str
    sha256: str


@dataclass(frozen=True)
class Model:
    tag: str
    context_size: int
    parallel: int
    kv_type: KvType
    digest: str | None


@dataclass(frozen=True)
class Tokens:
    """Verifiers: the hex SHA-256 of each token, never the token."""

    user_sha256: str
    health_sha256: str


@dataclass(frozen=True)
class ModelAccess:
    """The bucket whose `models/` instances share; `key_arn` where a key of the operator's own encrypts it."""

    bucket: str
    key_arn: str | None


@dataclass(frozen=True)
class Replica:
    """A second bucket, in another region, that S3 keeps like the first.

    One that is given up stays in the spec, not `enabled`, until it is gone: Terraform needs to know its region.
    """

    bucket: str
    region: str
    enabled: bool = True


@dataclass(frozen=True)
class Logs:
    """Where an instance's logs go. The agent is the cloud's own, as a Debian package at a pinned address."""

    group: str
    agent_url: str
    agent_sha256: str


@dataclass(frozen=True)
class Replicas:
    """How many machines of a placement, and where: zone to subnet. `public`: there is no NAT, so each has an address."""

    min: int
    max: int
    subnets: Mapping[str, str]
    public: bool


@dataclass(frozen=True)
class Balancer:
    """What stands before replicas. With a `domain` the placement gets a name below it, with a `dns_zone` its record.

    `certificate` is an ACM certificate on AWS. On Google Cloud none means one that Google keeps for the name.
    """

    subnets: tuple[str, ...]
    certificate: str | None
    domain: str | None
    dns_zone: str | None


@dataclass(frozen=True)
class Runtime:
    """The services themselves: one image for all of them, the private subnets they run in, how far they scale.

    `settings` are environment variables without secrets; secrets are named by the stack and filled by the operator.
    `store_cidrs` is where MongoDB listens. `domain` is the API's own name, `dns_zone` where its record is written;
    `placement_zones` are the zones in which the agent writes the records of balanced placements.
    """

    image: str
    vpc_id: str
    subnets: Mapping[str, str]
    state_bucket: str
    min_tasks: int
    max_tasks: int
    settings: Mapping[str, str]
    store_cidrs: tuple[str, ...]
    domain: str | None
    certificate: str | None
    dns_zone: str | None
    placement_zones: tuple[str, ...]


@dataclass(frozen=True)
class StackSpec:
    kind: str
    version: int
    cloud: Cloud
    account: str
    environment: str
    region: str
    tags: Mapping[str, str]
    provider: Provider
    backend: Backend


@dataclass(frozen=True)
class NetworkSpec(StackSpec):
    name: str
    cidr: str
    zones: tuple[str, ...]
    lean: bool
    supernets: tuple[str, ...]
    models: ModelAccess | None
    nat: Nat
    notices_bus: str | None
    boundary_arn: str | None = None


@dataclass(frozen=True)
class PlatformSpec(StackSpec):
    """What all networks of an environment share. Queues have fixed names: one platform an account and region."""

    model_bucket: str
    replica: Replica | None
    customer_key: bool
    log_retention_days: int
    alarm_emails: tuple[str, ...]
    runtime: Runtime | None = None


@dataclass(frozen=True)
class DeploymentSpec(StackSpec):
    deployment_id: str
    placement_id: str
    epoch: int
    zone: str
    subnet_id: str
    vpc_id: str
    instance_profile: str
    machine: Machine
    spot: bool
    spot_max_usd: Decimal | None
    exposure: Reach
    ollama: Ollama
    model: Model
    tokens: Tokens
    model_bucket: str | None = None
    logs: Logs | None = None
    replicas: Replicas | None = None
    balancer: Balancer | None = None
