"""What the pages show of the stacks is what the stacks say."""

import copy
import json
from pathlib import Path

import pytest

from docs.stacks import pages
from docs.stacks.stack import Stack
from tests.infra.scan.conftest import ROOT, Written


@pytest.fixture(scope="module")
def stacks(written: Written) -> pages.Stacks:
    return pages.read(written.path)


def test_no_page_is_stale(stacks: pages.Stacks) -> None:
    assert pages.stale(ROOT, stacks) == [], "run `make stack-pages`"


def test_a_changed_network_makes_its_page_stale(stacks: pages.Stacks) -> None:
    changed = copy.deepcopy(dict(stacks["network"].document))
    (vpc,) = changed["resource"]["aws_vpc"].values()
    vpc["cidr_block"] = "10.65.0.0/16"

    found = pages.stale(ROOT, {**stacks, "network": Stack("network", changed)})
    assert found == [ROOT / "docs" / "infrastructure-aws.md"]


def test_a_page_without_its_markers_is_named_as_such(stacks: pages.Stacks, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for page in (*(ROOT / "docs").glob("infrastructure-*.md"), ROOT / "docs" / "permissions.md"):
        (tmp_path / "docs" / page.name).write_text("# Nothing\n")

    with pytest.raises(pages.NoMarkersError, match=r"docs\.stacks"):
        pages.made(tmp_path, stacks)


def test_a_permission_more_makes_its_page_stale(stacks: pages.Stacks) -> None:
    changed = copy.deepcopy(dict(stacks["network-models"].document))
    policy = changed["resource"]["aws_iam_role_policy"]["identity_policy_AB275788"]
    policy["policy"] = policy["policy"].replace("logs:PutLogEvents", "logs:DeleteLogGroup")

    found = pages.stale(ROOT, {**stacks, "network-models": Stack("network-models", changed)})
    assert found == [ROOT / "docs" / "permissions.md"]


def test_every_statement_of_every_role_has_its_reason(stacks: pages.Stacks) -> None:
    for stack in stacks.values():
        for kind, name, body in stack.resources():
            if kind in ("aws_iam_role_policy", "aws_iam_policy"):
                sids = {statement["Sid"] for statement in json.loads(body["policy"])["Statement"]}
                assert set(body["//"]["why"]) == sids, name
