"""The demo's story, over real processes, real Terraform, real queues and a real store."""

import pytest

from infra.local.demo.story import Summary, tell
from tests.e2e.platform import Platform

pytestmark = [pytest.mark.processes, pytest.mark.terraform]


def test_a_model_is_deployed_used_lost_and_deleted(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in platform.table.items():
        monkeypatch.setenv(name, value)
    summary = Summary()

    tell(platform.edge, platform.cloud, summary)

    assert summary.ok, summary.held
