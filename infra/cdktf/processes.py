"""The processes that a platform runs, on either cloud: what starts each, what it needs, and what leads to it.

Ports and the time to stop are the services' own; a test holds this table to them, to the edge and to the API's pages.
"""

from dataclasses import dataclass

DRAIN_S = 30
AGENT_DRAIN_S = 60


@dataclass(frozen=True)
class Process:
    """`secrets` are names of settings. `paths` are open to users: each of them and all below it, or just it if `exact`.

    `backlog` is how many messages may wait for each task before there is another one; without it, CPU decides.
    """

    name: str
    service: str
    role: str
    port: int
    secrets: tuple[str, ...]
    paths: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()
    backlog: int | None = None
    vcpu_thousandths: int = 512
    memory_mib: int = 1024
    drain_s: int = DRAIN_S

    @property
    def command(self) -> tuple[str, ...]:
        return ("python", "-m", f"services.{self.service}", self.role)


_STORE, _SEALING = "MONGODB_URI", "FLOWLLAMA_SEALING_KEYS"

AUTH = Process(
    "auth",
    "auth",
    "api",
    8081,
    secrets=(_STORE, _SEALING, "AUTH_SIGNING_KEYS_PEM", "SERVICE_CLIENTS"),
    paths=("/api/auth",),
    exact=("/.well-known/jwks.json",),
)
DEPLOYMENTS = Process(
    "deployments",
    "deployments",
    "api",
    8082,
    secrets=(_STORE, _SEALING, "DEPLOYMENTS_CLIENT_SECRET"),
    paths=("/api/deployments",),
    exact=("/api/budget",),
)
PRICING = Process(
    "pricing",
    "pricing",
    "api",
    8083,
    secrets=(_STORE,),
    paths=("/api/models", "/api/pricing"),
    vcpu_thousandths=1024,
    memory_mib=2048,
)
HEALTH = Process(
    "health",
    "health",
    "worker",
    8084,
    secrets=(_STORE, _SEALING),
    paths=("/api/health", "/api/webhooks"),
    backlog=100,
    vcpu_thousandths=1024,
    memory_mib=2048,
)
DEPLOYMENTS_WORKER = Process(
    "deployments-worker",
    "deployments",
    "worker",
    8086,
    secrets=(_STORE, _SEALING, "DEPLOYMENTS_CLIENT_SECRET"),
    backlog=100,
)
# A synth child holds about a gigabyte, and each of the two slots a Terraform with its provider.
AGENT = Process(
    "agent",
    "agent",
    "worker",
    8085,
    secrets=(_STORE, "AGENT_CLIENT_SECRET"),
    backlog=2,
    vcpu_thousandths=2048,
    memory_mib=6144,
    drain_s=AGENT_DRAIN_S,
)

PROCESSES = (AUTH, DEPLOYMENTS, PRICING, HEALTH, DEPLOYMENTS_WORKER, AGENT)
# Whom the others call: tokens, keys and revocations at auth, offers at pricing.
CALLED = (AUTH, PRICING)
OPEN = tuple(process for process in PROCESSES if process.paths)
