"""The boundary covers what the roles need, fits into a policy, and knows no role without itself."""

import json
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from infra.cdktf import samples

LONGEST = 6144  # Characters of a managed policy, white space left out.


@pytest.fixture(scope="module")
def platform(write_stack: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    written: dict[str, Any] = write_stack(samples.platform(), tmp_path_factory.mktemp("platform"))
    return written


@pytest.fixture(scope="module")
def boundary(platform: dict[str, Any]) -> list[dict[str, Any]]:
    (policy,) = platform["resource"]["aws_iam_policy"].values()
    statements: list[dict[str, Any]] = json.loads(policy["policy"])["Statement"]
    return statements


def test_every_role_can_do_within_it_what_its_own_policy_says(
    platform: dict[str, Any], boundary: list[dict[str, Any]]
) -> None:
    within = [pattern for one in boundary if one["Effect"] == "Allow" for pattern in listed(one["Action"])]
    granted = {
        action
        for policy in platform["resource"]["aws_iam_role_policy"].values()
        for one in json.loads(policy["policy"])["Statement"]
        for action in listed(one["Action"])
    }

    assert sorted(action for action in granted if not any(fnmatch(action, one) for one in within)) == []


def test_it_fits_into_a_policy(boundary: list[dict[str, Any]]) -> None:
    assert len(json.dumps(boundary, separators=(",", ":"))) < LONGEST - 500


def test_it_reaches_this_platforms_buckets_and_secrets_alone(boundary: list[dict[str, Any]]) -> None:
    by_service = {one["Sid"]: listed(one["Resource"]) for one in boundary}

    assert all("flowllama-sample-" in arn for arn in by_service["MostS3"])
    assert by_service["MostSecretsmanager"] == [
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:flowllama-sample/*"
    ]
    assert all(
        arn.startswith(
            ("arn:aws:iam::123456789012:role/flowllama-sample-", "arn:aws:iam::123456789012:role/aws-service")
        )
        for arn in by_service["MostIam"]
    )


def test_no_role_is_made_or_freed_without_it(boundary: list[dict[str, Any]]) -> None:
    (denied,) = (one for one in boundary if one["Effect"] == "Deny")

    assert {"iam:CreateRole", "iam:DeleteRolePermissionsBoundary", "iam:CreatePolicyVersion"} <= set(
        denied["Action"]
    )
    assert denied["Resource"] == "*"
    assert denied["Condition"] == {
        "StringNotEquals": {
            "iam:PermissionsBoundary": "arn:aws:iam::123456789012:policy/flowllama-sample-us-east-1-boundary"
        }
    }


def test_instances_of_a_network_take_it_when_the_spec_says_so(write_stack: Any, tmp_path: Path) -> None:
    arn = "arn:aws:iam::123456789012:policy/flowllama-sample-us-east-1-boundary"
    bounded = write_stack(samples.network(lean=True, boundary_arn=arn), tmp_path / "a")
    free = write_stack(samples.network(lean=True), tmp_path / "b")

    (role,) = bounded["resource"]["aws_iam_role"].values()
    assert role["permissions_boundary"] == arn
    (role,) = free["resource"]["aws_iam_role"].values()
    assert "permissions_boundary" not in role


def listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
