"""checkov objects to nothing that has no reason written beside it, and no reason outlives its objection."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra.cdktf import samples
from tests.infra.scan.conftest import Written

Objection = tuple[str, str, str]  # Folder, address, check.


def objections(scanners: Path, folder: Path) -> set[Objection]:
    """What checkov finds in the Terraform JSON below a folder. It asks nobody: no guidelines are fetched."""
    done = subprocess.run(
        [
            scanners / "checkov",
            *("--directory", folder, "--framework", "terraform_json"),
            *("--skip-download", "--soft-fail", "--quiet", "--output", "json"),
        ],
        check=True,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "LOG_LEVEL": "ERROR"},
    )
    report: dict[str, Any] = json.loads(done.stdout)
    assert report["summary"]["parsing_errors"] == 0
    return {
        (Path(found["file_path"]).parent.name, _address(found, folder), found["check_id"])
        for found in report["results"]["failed_checks"]
    }


def _address(found: dict[str, Any], folder: Path) -> str:
    """checkov names some resources by kind and name, others by name alone under `resource`."""
    head, _, name = found["resource"].partition(".")
    if head != "resource":
        return str(found["resource"])
    document = json.loads((folder / found["file_path"].lstrip("/")).read_text())
    (kind,) = (kind for kind, bodies in document["resource"].items() if name in bodies)
    return f"{kind}.{name}"


def accepted(written: Written) -> set[Objection]:
    return {
        (folder, address, check)
        for folder, address, body in written.resources()
        for check in body.get("//", {}).get("accepted", {})
    }


OPEN_DOOR = {
    "aws_security_group": {
        "open": {
            "description": "open",
            "ingress": [{"from_port": 22, "to_port": 22, "protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"]}],
        }
    }
}
PLANTED = "planted"


@pytest.fixture(scope="session")
def everything(scanners: Path, written: Written, tmp_path_factory: pytest.TempPathFactory) -> set[Objection]:
    """One run of the scanner, because it takes seconds to start: the samples, and a stack with an open door."""
    folder = tmp_path_factory.mktemp("scan")
    shutil.copytree(written.path, folder, dirs_exist_ok=True)
    (folder / PLANTED).mkdir()
    (folder / PLANTED / "cdk.tf.json").write_text(json.dumps({"resource": OPEN_DOOR}, indent=2))
    return objections(scanners, folder)


@pytest.fixture(scope="session")
def found(everything: set[Objection]) -> set[Objection]:
    return {objection for objection in everything if objection[0] != PLANTED}


def test_every_sample_was_written(written: Written) -> None:
    assert set(written.stacks) == set(samples.every())


def test_nothing_is_objected_to_without_a_reason(found: set[Objection], written: Written) -> None:
    assert sorted(found - accepted(written)) == []


def test_no_reason_outlives_its_objection(found: set[Objection], written: Written) -> None:
    """A resource that is accepted in one form of a stack may be blameless in another: the check counts, not the folder."""
    objected = {(address, check) for _, address, check in found}
    stale = {one for one in accepted(written) if one[1:] not in objected}
    assert sorted(stale) == []


def test_a_reason_is_a_sentence(written: Written) -> None:
    reasons = [
        reason
        for _, _, body in written.resources()
        for reason in body.get("//", {}).get("accepted", {}).values()
    ]
    assert reasons
    assert [reason for reason in reasons if len(reason) < 20 or not reason.endswith(".")] == []


def test_an_open_door_is_objected_to(everything: set[Objection]) -> None:
    """The scan can fail: a group that admits the world to SSH is found in what it reads."""
    assert (PLANTED, "aws_security_group.open", "CKV_AWS_24") in everything
