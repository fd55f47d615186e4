"""Every policy that a role on AWS gets, as parliament and cloudsplaining read it."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.infra.scan.conftest import Written

SCRIPT = Path(__file__).with_name("policies.py")
_OF_ROLES = ("aws_iam_role_policy", "aws_iam_policy")
_REFERENCE = re.compile(r"\$\{[^}]*\}")
# A reference stands for the ARN of one thing; the scanners read only ARNs.
_SOME_ARN = {
    "aws_sqs_queue": "arn:aws:sqs:us-east-1:123456789012:queue",
    "aws_kms_key": "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012",
    "aws_s3_bucket": "arn:aws:s3:::bucket",
    "aws_iam_role": "arn:aws:iam::123456789012:role/role",
    "aws_secretsmanager_secret": "arn:aws:secretsmanager:us-east-1:123456789012:secret:name-abcdef",
    "aws_cloudwatch_log_group": "arn:aws:logs:us-east-1:123456789012:log-group:group",
    "aws_sns_topic": "arn:aws:sns:us-east-1:123456789012:topic",
}


def policies(written: Written) -> dict[str, dict[str, Any]]:
    return {
        f"{folder}: {address}": json.loads(_REFERENCE.sub(_arn, body["policy"]))
        for folder, address, body in written.resources()
        if address.partition(".")[0] in _OF_ROLES
    }


def _arn(reference: re.Match[str]) -> str:
    kind = reference[0].removeprefix("${").partition(".")[0]
    return _SOME_ARN[kind]


def scanned(scanners: Path, asked: dict[str, dict[str, Any]]) -> dict[str, dict[str, list[str]]]:
    done = subprocess.run(
        [scanners / "python", SCRIPT], input=json.dumps(asked), check=True, capture_output=True, text=True
    )
    found: dict[str, dict[str, list[str]]] = json.loads(done.stdout)
    assert set(found) == set(asked)
    return found


@pytest.fixture(scope="session")
def findings(scanners: Path, written: Written) -> dict[str, dict[str, list[str]]]:
    return scanned(scanners, policies(written))


def test_the_scanners_find_nothing_in_any_policy(findings: dict[str, dict[str, list[str]]]) -> None:
    assert {name: found for name, found in findings.items() if found} == {}


def test_there_are_policies_to_scan(written: Written) -> None:
    assert len(policies(written)) >= 4


def test_a_way_up_is_found(scanners: Path) -> None:
    planted = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["iam:PassRole", "ec2:RunInstances"], "Resource": "*"}],
    }

    (found,) = scanned(scanners, {"planted": planted}).values()

    assert found["privilege escalation"]
    assert found["resource exposure"]
    assert any("PRIVILEGE_ESCALATION" in line for line in found["parliament"])
