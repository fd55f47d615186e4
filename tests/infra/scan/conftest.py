"""Every sample that `make synth` writes, written once, and the scanners' own environment."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
SCANNERS = ROOT / ".venv-scan" / "bin"


@dataclass(frozen=True)
class Written:
    """The stacks by the name of their folder below `path`."""

    path: Path
    stacks: dict[str, dict[str, Any]]

    def resources(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Folder, address and body of every resource of every stack."""
        for folder, document in self.stacks.items():
            for kind, found in document["resource"].items():
                for name, body in found.items():
                    yield folder, f"{kind}.{name}", body


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    out = tmp_path_factory.mktemp("synth")
    subprocess.run([sys.executable, "-m", "infra.cdktf", "synth", "--out", out], check=True, cwd=ROOT)
    files = sorted(out.glob("*/cdk.tf.json"))
    return Written(out, {file.parent.name: json.loads(file.read_text()) for file in files})


@pytest.fixture(scope="session")
def scanners() -> Path:
    if not (SCANNERS / "checkov").exists():
        pytest.skip("there is no .venv-scan; `make .venv-scan/.ready` builds it, and `make test` does")
    return SCANNERS
