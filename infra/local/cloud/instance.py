"""One simulated instance: what its user-data said, where its boot stands, who talks to it."""

import asyncio
import hashlib
import ssl
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import trustme

from infra.cdktf.instance import guard
from infra.local.cloud.boot import BootState, boot_state
from infra.local.cloud.real_ollama import Pull
from infra.local.cloud.user_data import InstanceConfig


@dataclass(frozen=True)
class Machine:
    """What the cloud knows of an instance: copied out of the emulator under its lock."""

    instance_id: str
    region: str
    private_ip: str
    public_ip: str | None
    user_data: str | None
    allowed_sources: tuple[str, ...]

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(ip for ip in (self.private_ip, self.public_ip) if ip)


@dataclass(eq=False)
class SimulatedInstance:
    machine: Machine
    config: InstanceConfig
    boot_s: float
    clock: Callable[[], float] = time.monotonic
    in_flight: int = 0
    last_use_at: datetime | None = None
    interruption: dict[str, str] | None = None
    pull: Pull | None = None
    servers: list[asyncio.Server] = field(default_factory=list)
    transports: "weakref.WeakSet[asyncio.Transport]" = field(default_factory=weakref.WeakSet)

    def __post_init__(self) -> None:
        self.started = self.clock()
        self.verifiers = dict(self.config.verifiers)
        self.resumed = asyncio.Event()
        self.resumed.set()
        authority = trustme.CA()
        self.ca_pem = authority.cert_pem.bytes()
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*self.machine.addresses).configure_cert(self.tls)

    @property
    def boot(self) -> BootState:
        elapsed = self.clock() - self.started
        state = boot_state(elapsed, self.boot_s, has_gpu=self.config.gpu_kind is not None)
        if self.pull is not None and not self.pull.done and state.serving:
            return BootState("pulling", self.pull.percent)
        return state

    @property
    def digest(self) -> str:
        """The manifest digest Ollama lists; derived from the tag where the spec names none."""
        named = self.config.model_digest
        return (
            named.removeprefix("sha256:")
            if named
            else hashlib.sha256(self.config.model_tag.encode()).hexdigest()
        )

    def used(self) -> None:
        self.last_use_at = datetime.now(UTC)

    def status(self) -> dict[str, Any]:
        """The body of `/_flowllama/status`."""
        boot = self.boot
        return guard.status_document(
            instance={"model": {"tag": self.config.model_tag}, "placement_id": self.config.placement_id},
            phase={"phase": boot.phase, "progress_pct": boot.progress_pct},
            in_flight=self.in_flight,
            last_use_at=self.last_use_at.isoformat() if self.last_use_at else None,
            interruption=self.interruption,
        )

    def summary(self) -> dict[str, Any]:
        """What the control door shows; no verifier, no key."""
        return {
            "instance_id": self.machine.instance_id,
            "region": self.machine.region,
            "addresses": list(self.machine.addresses),
            "deployment_id": self.config.deployment_id,
            "hung": not self.resumed.is_set(),
            **self.status(),
        }

    def disconnect(self) -> None:
        """Stop listening and cut the live connections, as a machine that loses power does."""
        for server in self.servers:
            server.close()
        for transport in list(self.transports):
            transport.abort()
        self.servers.clear()
