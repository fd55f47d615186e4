"""The boundary covers what the roles need, fits into a policy, and knows no role without itself."""

import json
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from infra.cdktf import samples

LONGEST, MOST_INLINE = 6144, 10_240


@pytest.fixture(scope="module")
def platform(write_stack: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    written: dict[str, Any] = write_stack(samples.platform(), tmp_path_factory.mktemp("platform"))
    return written


@pytest.fixture(scope="module")
def boundary(platform: dict[str, Any]) -> list[dict[str, Any]]:
    return statements(boundary_of(platform))


def boundary_of(platform: dict[str, Any]) -> dict[str, Any]:
    policies = platform["resource"]["aws_iam_policy"].values()
    (found,) = (policy for policy in policies if policy["name"].endswith("-boundary"))
    assert isinstance(found, dict)
    return found


def statements(policy: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(policy["policy"])["Statement"]
    return found


def test_every_role_can_do_within_it_what_its_own_policy_says(
    platform: dict[str, Any], boundary: list[dict[str, Any]]
) -> None:
    within = [pattern for one in boundary if one["Effect"] == "Allow" for pattern in listed(one["Action"])]
    granted = {
        action
        for kind in ("aws_iam_role_policy", "aws_iam_policy")
        for policy in platform["resource"][kind].values()
        for one in statements(policy)
        if one["Effect"] == "Allow" and policy is not boundary_of(platform)
        for action in listed(one["Action"])
    }

    assert sorted(action for action in granted if not any(fnmatch(action, one) for one in within)) == []


def test_every_policy_fits_with_the_longest_names_there_may_be(write_stack: Any, tmp_path: Path) -> None:
    """AWS counts all but white space: of a managed policy, and of all the inline ones of a role together."""
    resources = write_stack(_longest(), tmp_path)["resource"]
    inline: dict[str, int] = {}
    for policy in resources["aws_iam_role_policy"].values():
        inline[policy["role"]] = inline.get(policy["role"], 0) + _size(policy)

    assert max(inline.values()) < MOST_INLINE - 500
    assert max(_size(policy) for policy in resources["aws_iam_policy"].values()) < LONGEST - 250
    assert max(len(role.get("name", "")) for role in resources["aws_iam_role"].values()) <= 64


def _size(policy: dict[str, Any]) -> int:
    return len("".join(policy["policy"].split()))


def _longest() -> dict[str, Any]:
    region = "ap-southeast-2"
    runtime = samples.runtime(
        placement_zones=[f"Z{number:031}" for number in range(10)],
        certificate=f"arn:aws:acm:{region}:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef",
        image=f"123456789012.dkr.ecr.{region}.amazonaws.com/{'i' * 150}@sha256:{'0' * 64}",
        state_bucket="s" * 63,
    )
    replica = {"bucket": "r" * 63, "region": "ap-northeast-1"}
    return samples.platform(
        environment="e" * 16, region=region, model_bucket="m" * 63, replica=replica, runtime=runtime
    )


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
