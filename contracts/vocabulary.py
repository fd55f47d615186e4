"""The words every message, body and record shares. Values are what travels on the wire."""

from enum import StrEnum


class Cloud(StrEnum):
    AWS = "aws"
    GCP = "gcp"


class Arch(StrEnum):
    X86_64 = "x86_64"
    ARM64 = "arm64"


class SpotPolicy(StrEnum):
    """How much spot risk a user accepts: `prefer` fails over to on-demand, `only` does not."""

    NEVER = "never"
    PREFER = "prefer"
    ONLY = "only"


class GpuKind(StrEnum):
    T4 = "T4"
    L4 = "L4"
    A10G = "A10G"
    L40S = "L40S"
    A100_40 = "A100-40"
    A100_80 = "A100-80"
    H100 = "H100"


class KvType(StrEnum):
    """Element type of the KV cache. The quantised ones need flash attention."""

    F16 = "f16"
    Q8_0 = "q8_0"
    Q4_0 = "q4_0"


class Quantisation(StrEnum):
    Q4_0 = "Q4_0"
    Q4_K_M = "Q4_K_M"
    Q5_K_M = "Q5_K_M"
    Q6_K = "Q6_K"
    Q8_0 = "Q8_0"
    FP16 = "FP16"
    BF16 = "BF16"
    MXFP4 = "MXFP4"


class RankBy(StrEnum):
    """What makes an offer the cheaper one: its hour, or the tokens that it gives for it."""

    HOUR = "hour"
    TOKEN = "token"  # noqa: S105 - a unit of text, nothing secret.


class Exposure(StrEnum):
    """Who reaches the model: nobody outside the VPC, or the listed CIDRs, directly or through a balancer."""

    PRIVATE = "private"
    ALLOW_LISTED = "allow_listed"
    LOAD_BALANCED = "load_balanced"


class Nat(StrEnum):
    """How private machines get out: by a gateway in each zone, or all by one, which is cheaper and one point of failure."""

    PER_ZONE = "per_zone"
    ONE = "one"


class Tier(StrEnum):
    FREE = "free"
    PAID = "paid"


class DeploymentStatus(StrEnum):
    REQUESTED = "requested"
    SELECTING = "selecting"
    PROVISIONING = "provisioning"
    STARTING = "starting"
    RUNNING = "running"
    UNHEALTHY = "unhealthy"
    DELETING = "deleting"
    DELETED = "deleted"
    FAILED = "failed"
    NEEDS_ATTENTION = "needs_attention"


class InstanceStatus(StrEnum):
    STARTING = "starting"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    TERMINATED = "terminated"


class Reason(StrEnum):
    """Why a deployment stands where it stands; beside each status, never instead of it."""

    USER_REQUEST = "user_request"
    COMMAND_RELEASED = "command_released"
    OFFER_SELECTED = "offer_selected"
    PROVISIONED = "provisioned"
    MODEL_ANSWERS = "model_answers"
    PROBES_FAIL = "probes_fail"
    INSTANCE_TERMINATED = "instance_terminated"
    SPOT_INTERRUPTED = "spot_interrupted"
    BOOT_FAILED = "boot_failed"
    NO_OFFER = "no_offer"
    NO_CAPACITY = "no_capacity"
    QUOTA_EXCEEDED = "quota_exceeded"
    PROVISIONING_FAILED = "provisioning_failed"
    CANCELLED = "cancelled"
    DESTROYED = "destroyed"
    NEVER_PROVISIONED = "never_provisioned"
    COMMAND_DEAD_LETTERED = "command_dead_lettered"
    TOO_MANY_DEFERRALS = "too_many_deferrals"
    STUCK = "stuck"
