"""The real supervisor in processes of its own, over a Terraform that only notes what happens to it."""

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from services.agent.settings import TerraformSettings
from services.agent.terraform import Ended, LeaseAddress, Terraform
from services.agent.ui_stream import UiEvent
from services.agent.workspace import Workspace

FAKE = Path(__file__).with_name("fake_terraform.py")
PATIENCE_S = 20.0


class Bench:
    """One workspace and whoever runs in it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.workspace = Workspace(root / "work" / "dep-1" / "1")
        self.workspace.path.mkdir(parents=True)
        self.stop = threading.Event()
        self.events: list[UiEvent] = []

    def terraform(self, *, limit_s: int = 60, **behaviour: str) -> Terraform:
        environment: Mapping[str, str] = {"PATH": "/usr/bin:/bin:/usr/local/bin", **behaviour}
        return Terraform(TerraformSettings(str(FAKE), self._root / "work", "", limit_s, environment))

    def apply(self, terraform: Terraform, lease: LeaseAddress | None = None) -> Ended:
        return terraform.apply(self.workspace, lease, self.stop, self.events.append)

    def journal(self) -> list[str]:
        file = self.workspace.path / "journal"
        return file.read_text().splitlines() if file.exists() else []

    def pid(self) -> int:
        """Of the apply that runs, or ran last."""
        return int(
            next(line for line in reversed(self.journal()) if line.startswith("began apply")).split()[2]
        )

    def await_line(self, start: str) -> None:
        until(lambda: any(line.startswith(start) for line in self.journal()))


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)
