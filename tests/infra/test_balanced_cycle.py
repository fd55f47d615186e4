"""Replicas and balancers live and die through the real Terraform CLI and AWS provider, against a local cloud.

The first test sends them off; the second, which comes at the end, looks at how it went (tests/workers.py).
"""

from collections.abc import Iterator

import pytest

from contracts.stack_outputs import read_deployment_outputs
from infra.cdktf import samples
from tests.infra import called, terraform
from tests.infra.beside import LIMIT_S, Cycle, sent_off, told_by

pytestmark = [
    pytest.mark.terraform,
    pytest.mark.skipif(terraform.missing() is not None, reason=str(terraform.missing())),
]

PLACEMENT = f"{samples.DEPLOYMENT_ID}-1"
GROUP = f"flowllama-sample-{PLACEMENT}"
BALANCER = "fl-01k00000000000000000000000-1"
NAME = "dep-01k00000000000000000000000-1.models.example.com"
OURS = {
    "flowllama-deployment": samples.DEPLOYMENT_ID,
    "flowllama-placement": PLACEMENT,
    "flowllama-environment": "sample",
    "managed-by": "flowllama",
}


@pytest.fixture(scope="session")
def cycle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cycle]:
    with sent_off("tests.infra.balanced_cycle", tmp_path_factory.mktemp("balanced-cycle")) as running:
        yield running


@pytest.mark.first
def test_the_replicas_set_out(cycle: Cycle) -> None:
    assert cycle.poll() is None


@pytest.mark.last
@pytest.mark.timeout(LIMIT_S + 30)
def test_the_replicas_came_were_settled_grew_changed_and_went(cycle: Cycle) -> None:
    told = told_by(cycle)
    first, changed = told["first"], told["changed"]
    outputs = read_deployment_outputs(first["outputs"])

    assert (outputs.instance_id, outputs.balancer_name, outputs.address) == (GROUP, BALANCER, NAME)
    assert first["balancers"] == {BALANCER: "application", "network": "network"}
    assert first["listeners"] == [[11434, "HTTPS"], [11434, "TLS"]]
    assert first["names"] == [NAME]
    assert first["groups"] == {GROUP: [2, 2, 3], "mixed": [1, 1, 2]}
    assert [OURS.items() <= machine.items() for machine in first["machines"]].count(True) == 2
    assert all(OURS.items() <= tags.items() for tags in first["tags"])
    assert changed["groups"][GROUP] == [2, 3, 5], "the autoscaler's three stay"
    assert (first["volumes"], changed["volumes"]) == (3, 4)
    assert first["refreshes"] == []
    (refresh,) = changed[
        "refreshes"
    ]  # Not of the other group, whose template only has another tag of its own.
    assert (refresh["MinHealthyPercentage"], refresh["MaxHealthyPercentage"]) == (100, 110)
    assert refresh["SkipMatching"] is True
    assert "autoscaling:CreateAutoScalingGroup" in told["calls"]
    assert called.refused(set(told["calls"])) == [], "the agent's role has to let Terraform do all of this"
    assert {kind: found for kind, found in told["left"].items() if found} == {}
