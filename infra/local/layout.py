"""Where the local environment keeps its files, below one directory (`.local/` unless set otherwise)."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Layout:
    """`state` goes with `make down`; `logs` and `cache` stay."""

    root: Path

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def store(self) -> Path:
        return self.state / "store"

    @property
    def objects(self) -> Path:
        return self.state / "s3"

    @property
    def work(self) -> Path:
        """Terraform working directories of the agent's runs and of the network stack."""
        return self.state / "terraform"

    @property
    def keys(self) -> Path:
        return self.state / "keys"

    @property
    def run(self) -> Path:
        """Process ids and the supervisor's status."""
        return self.root / "run"

    @property
    def supervisor_lock(self) -> Path:
        return self.run / "supervisor.lock"

    @property
    def status_file(self) -> Path:
        return self.run / "status.json"

    @property
    def temporary(self) -> Path:
        return self.state / "tmp"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def environment_file(self) -> Path:
        return self.root / "environment"

    def create(self) -> None:
        folders = (
            self.store,
            self.objects,
            self.work,
            self.keys,
            self.temporary,
            self.run,
            self.logs,
            self.cache,
        )
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        self.keys.chmod(0o700)
