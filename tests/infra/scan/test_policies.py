"""Every policy that a role on AWS gets, as parliament and cloudsplaining read it."""

import json
import re
import subprocess
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from tests.infra.scan.conftest import Written

SCRIPT = Path(__file__).with_name("policies.py")
Finding = tuple[str, str, str]  # Policy, statement, and the scanner's word for it.
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
    """By folder and address. A boundary is left out: it gives nothing, and is held to the roles further down."""
    return {
        f"{folder}: {address}": json.loads(_REFERENCE.sub(_arn, body["policy"]))
        for folder, address, body in written.resources()
        if _is_given(address, body)
    }


def _is_given(address: str, body: dict[str, Any]) -> bool:
    kind = address.partition(".")[0]
    return kind == "aws_iam_role_policy" or (
        kind == "aws_iam_policy" and not body["name"].endswith("-boundary")
    )


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


def answered(written: Written) -> set[Finding]:
    """What the written stacks say why it stands all the same."""
    return {
        (f"{folder}: {address}", sid, issue)
        for folder, address, body in written.resources()
        if _is_given(address, body)
        for sid, issues in body["//"].get("objections", {}).items()
        for issue in issues
    }


@pytest.fixture(scope="session")
def found(scanners: Path, written: Written) -> set[Finding]:
    return {
        (policy, sid, issue)
        for policy, by_statement in scanned(scanners, policies(written)).items()
        for sid, issues in by_statement.items()
        for issue in issues
    }


def test_no_statement_is_objected_to_without_an_answer(found: set[Finding], written: Written) -> None:
    alone = {finding for finding in found if finding[1]}
    assert sorted(alone - answered(written)) == []


def test_no_policy_is_objected_to_as_a_whole_without_an_answer(found: set[Finding], written: Written) -> None:
    """A way up may take two statements; the one that answers is the one that bounds it."""
    together = {(policy, issue) for policy, sid, issue in found if not sid}
    assert sorted(together - {(policy, issue) for policy, _, issue in answered(written)}) == []


def test_no_answer_outlives_its_objection(found: set[Finding], written: Written) -> None:
    objected = found | {(policy, sid, issue) for policy, _, issue in found for sid in _sids(policy, written)}
    assert sorted(answered(written) - objected) == []


def test_only_the_agent_hands_a_role_on_and_only_to_machines(written: Written) -> None:
    passing = [
        (name, statement)
        for name, policy in policies(written).items()
        for statement in policy["Statement"]
        if "iam:PassRole" in statement["Action"]
    ]
    ((name, statement),) = passing

    assert "agent-task" in name
    assert statement["Resource"] == "arn:aws:iam::123456789012:role/flowllama-sample-*"
    assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}


def test_the_agent_ends_only_what_carries_our_tags(written: Written) -> None:
    of_the_agent = [policy for name, policy in policies(written).items() if "agent-task" in name]
    ours = {
        "aws:ResourceTag/managed-by": "flowllama",
        "aws:ResourceTag/flowllama-environment": "sample",
    }
    ends = [
        statement
        for policy in of_the_agent
        for statement in policy["Statement"]
        if any(
            action.partition(":")[2].startswith(("Terminate", "Delete", "Cancel"))
            for action in _listed(statement["Action"])
            if not action.startswith(("s3:", "sqs:"))
        )
    ]

    assert len(ends) >= 3
    assert [statement["Sid"] for statement in ends if statement["Condition"] != {"StringEquals": ours}] == []


def test_the_boundary_lets_every_role_do_its_work_and_nobody_make_a_role(written: Written) -> None:
    made = written.stacks["platform"]["resource"]["aws_iam_policy"].values()
    (boundary,) = (policy for policy in made if policy["name"].endswith("-boundary"))
    statements = json.loads(boundary["policy"])["Statement"]
    allowed = [one for said in statements if said["Effect"] == "Allow" for one in _listed(said["Action"])]
    needed = {
        action
        for name, policy in policies(written).items()
        if name.startswith("platform: ") or "identity" in name
        for statement in policy["Statement"]
        for action in _listed(statement["Action"])
    }

    assert [one for one in sorted(needed) if not any(fnmatch(one, pattern) for pattern in allowed)] == []
    assert "iam:CreateRole" not in allowed
    assert "*" not in {pattern.partition(":")[2] for pattern in allowed}
    (denied,) = (said for said in statements if said["Effect"] == "Deny")
    assert {"iam:CreateRole", "iam:DeleteRolePermissionsBoundary"} <= set(denied["Action"])


def test_there_are_policies_to_scan(written: Written) -> None:
    assert len(policies(written)) >= 10


def test_a_way_up_is_found(scanners: Path) -> None:
    planted = {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "Pass", "Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"},
            {"Sid": "Run", "Effect": "Allow", "Action": "ec2:RunInstances", "Resource": "*"},
        ],
    }

    (found,) = scanned(scanners, {"planted": planted}).values()

    assert "PRIVILEGE_ESCALATION" in found[""]
    assert "RESOURCE_EXPOSURE" in found["Pass"]
    assert "CHANGES_WITHOUT_CONSTRAINTS" in found["Run"]


def _sids(policy: str, written: Written) -> set[str]:
    return {statement["Sid"] for statement in policies(written)[policy]["Statement"]}


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
