"""`python3 -m infra.local.machine`: say in one message what this machine lacks.

It runs before anything is installed, maybe on an old Python: standard library only, and no new syntax.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

OLDEST_PYTHON = (3, 11)
OLDEST_NODE = (20, 0)
OLDEST_TERRAFORM = (1, 10)


def main() -> None:
    """Exit status 1 with the list if something is missing."""
    wants = (
        _python(),
        _program("node", "--version", OLDEST_NODE, "Node.js 20 or later, on which CDK for Terraform runs"),
        _program("terraform", "version", OLDEST_TERRAFORM, "Terraform 1.10 or later"),
    )
    missing = [want for want in wants if want]
    if missing:
        sys.exit("This machine lacks what FlowLlama needs:\n  - " + "\n  - ".join(missing))


def _python() -> str | None:
    if sys.version_info[:2] >= OLDEST_PYTHON:
        return None
    found = ".".join(str(part) for part in sys.version_info[:2])
    return f"Python 3.11 or later: this is {found}; `make PYTHON=python3.12 up` names another one"


def _program(name: str, argument: str, oldest: tuple[int, int], wanted: str) -> str | None:
    path = shutil.which(name)
    if path is None:
        return f"{wanted}: there is no `{name}` on PATH"
    said = subprocess.run(
        [path, argument], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    ).stdout
    found = re.search(rb"v(\d+)\.(\d+)", said)
    if found is None or (int(found[1]), int(found[2])) < oldest:
        return f"{wanted}: {path} is older"
    return None


if __name__ == "__main__":
    main()
