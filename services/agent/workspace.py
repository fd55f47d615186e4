"""The folder of one Terraform run: one per placement and epoch, so that no two runs ever share one."""

import fcntl
import os
import shutil
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from services.chassis.logs import get_logger

log = get_logger(__name__)

POLL_S = 0.1


@dataclass(frozen=True)
class Workspace:
    path: Path

    @property
    def output(self) -> Path:
        return self.path / "ui.jsonl"

    @property
    def lock(self) -> Path:
        """Locked while anything of Terraform lives: the kernel lets go when the last process ends."""
        return self.path / "alive.lock"

    @property
    def errored_state(self) -> Path:
        """Terraform's own name for a state that it could not push. It goes before anything else."""
        return self.path / "errored.tfstate"

    def await_end(self, limit_s: float) -> None:
        """Return once nothing of Terraform lives in here; what lives past the limit is killed."""
        deadline = time.monotonic() + limit_s
        while self._is_alive():
            if time.monotonic() >= deadline:
                self._kill()
            time.sleep(POLL_S)

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)

    def _kill(self) -> None:
        pid = self.lock.read_text()
        log.error("terraform_killed", pid=pid)
        with suppress(ProcessLookupError, ValueError):
            os.killpg(int(pid), signal.SIGKILL)

    def _is_alive(self) -> bool:
        with self.lock.open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False


class Workspaces:
    """All of them, below one folder. What a crashed run left stays until its successor has looked at it."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def open(self, placement_id: str, epoch: int) -> Workspace:
        """The folder of this run. A state that an earlier run on this machine could not push is carried along."""
        workspace = Workspace(self._root / placement_id / str(epoch))
        workspace.path.mkdir(parents=True, exist_ok=True)
        if not workspace.errored_state.exists():
            for earlier in self._earlier(placement_id, epoch):
                if earlier.errored_state.exists():
                    shutil.copyfile(earlier.errored_state, workspace.errored_state)
                    log.warning("unpushed_state_found", placement_id=placement_id, folder=earlier.path.name)
                    break
        return workspace

    def forget(self, placement_id: str) -> None:
        shutil.rmtree(self._root / placement_id, ignore_errors=True)

    def _earlier(self, placement_id: str, epoch: int) -> Sequence[Workspace]:
        """The newest first."""
        epochs = [int(path.name) for path in (self._root / placement_id).iterdir() if path.name.isdigit()]
        return [
            Workspace(self._root / placement_id / str(number))
            for number in sorted(epochs, reverse=True)
            if number < epoch
        ]
