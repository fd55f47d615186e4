"""`python -m infra.local.network`: apply the lean network stack and tell pricing about it. Safe to repeat.

The cloud emulator keeps its state in memory, so a restart of it has lost the network: this runs again each time
it has started. Terraform sees what is missing and builds it anew.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from environs import Env

from infra.local import certificate
from infra.local.settings import REPOSITORY
from services.chassis.config import read


@dataclass(frozen=True)
class Place:
    region: str
    cidr: str
    record: str
    root_file: Path


def main() -> None:
    place = read(_place)
    connect: Any = boto3.client
    acm = connect("acm", region_name=place.region)
    arn = certificate.ensure(acm, certificate.read_root(place.root_file))
    for command in _commands(place, arn):
        subprocess.run((sys.executable, "-m", *command), cwd=REPOSITORY, check=True)


def _place(env: Env) -> Place:
    return Place(
        region=env.str("AWS_REGION"),
        cidr=env.str("FLOWLLAMA_LOCAL_NET"),
        record=env.str("AGENT_WORK_DIR") + "/network.json",
        root_file=env.path("FLOWLLAMA_LOCAL_ROOT"),
    )


def _commands(place: Place, certificate_arn: str) -> tuple[tuple[str, ...], ...]:
    """The same two commands an operator gives for a real region."""
    network = ("services.agent", "network", "apply", f"aws:{place.region}", "--cidr", place.cidr, "--lean")
    apply = (*network, "--balancer-certificate", certificate_arn, "--out", place.record)
    return (apply, ("services.pricing", "networks", "import", place.record))


if __name__ == "__main__":
    main()
