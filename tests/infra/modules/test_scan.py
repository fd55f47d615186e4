"""checkov objects to nothing in the modules that has no reason written beside it."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra.modules.__main__ import FOLDER
from tests.infra.scan.conftest import SCANNERS

OPEN = """
resource "aws_security_group" "open" {
  ingress {
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
"""


@pytest.mark.skipif(not SCANNERS.is_dir(), reason="the scanners' environment is not set up: make scan")
def test_nothing_is_objected_to_but_a_planted_open_door(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "main.tf").write_text(OPEN)

    found = objections(tmp_path)

    assert {one for one in found if not one.endswith(" aws_security_group.open")} == set()
    assert "CKV_AWS_24 aws_security_group.open" in found


def objections(folder: Path) -> set[str]:
    """Check and resource. It asks nobody, and examples are calls alone."""
    done = subprocess.run(
        [
            SCANNERS / "checkov",
            *("--directory", folder, "--framework", "terraform", "--skip-path", "/examples/"),
            *("--skip-download", "--soft-fail", "--quiet", "--output", "json"),
        ],
        check=True,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "LOG_LEVEL": "ERROR"},
    )
    report: dict[str, Any] = json.loads(done.stdout)
    assert report["summary"]["parsing_errors"] == 0
    return {f"{one['check_id']} {one['resource']}" for one in report["results"]["failed_checks"]}
