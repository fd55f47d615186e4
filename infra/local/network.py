"""`python -m infra.local.network`: apply the lean network stack and tell pricing about it. Safe to repeat.

The cloud emulator keeps its state in memory, so a restart of it has lost the network: this runs again each time
it has started. Terraform sees what is missing and builds it anew.
"""

import subprocess
import sys

from environs import Env

from infra.local.settings import REPOSITORY
from services.chassis.config import read


def main() -> None:
    for command in read(_commands):
        subprocess.run((sys.executable, "-m", *command), cwd=REPOSITORY, check=True)


def _commands(env: Env) -> tuple[tuple[str, ...], ...]:
    """The same two commands an operator gives for a real region."""
    outputs = env.str("AGENT_WORK_DIR") + "/network.json"
    cidr = env.str("FLOWLLAMA_LOCAL_NET")
    place = f"aws:{env.str('AWS_REGION')}"
    apply = ("services.agent", "network", "apply", place, "--cidr", cidr, "--lean", "--out", outputs)
    return (apply, ("services.pricing", "networks", "import", outputs))


if __name__ == "__main__":
    main()
