"""What platforms share lives and dies through the real Terraform CLI and AWS provider, against a local cloud.

The first test sends it off; the second, which comes at the end, looks at how it went (tests/workers.py).
"""

from collections.abc import Iterator
from typing import Any

import pytest

from contracts.stack_outputs import PlatformOutputs, read_platform_outputs
from contracts.topology import QUEUES
from infra.cdktf.constructs.aws.routes import route_paths
from infra.cdktf.processes import OPEN, PROCESSES
from tests.infra import terraform
from tests.infra.beside import LIMIT_S, Cycle, sent_off, told_by

pytestmark = [
    pytest.mark.terraform,
    pytest.mark.skipif(terraform.missing() is not None, reason=str(terraform.missing())),
]

FLOWS = "/flowllama-flow/whole"
COPY = "flowllama-sample-models-123456789012-us-west-2"


@pytest.fixture(scope="session")
def cycle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cycle]:
    with sent_off("tests.infra.platform_cycle", tmp_path_factory.mktemp("platform-cycle")) as running:
        yield running


@pytest.mark.first
def test_the_platform_sets_out(cycle: Cycle) -> None:
    assert cycle.poll() is None


@pytest.mark.last
@pytest.mark.timeout(LIMIT_S + 30)
def test_the_platform_was_valid_came_was_settled_changed_and_went(cycle: Cycle) -> None:
    told = told_by(cycle)
    first, changed = told["first"], told["changed"]
    outputs = read_platform_outputs(first["outputs"])

    assert first["queues"] == sorted(name for queue in QUEUES for name in (queue.name, queue.dead_letter))
    assert first["alarms"].keys() == changed["alarms"].keys() | {"flowllama-sample-replication"}
    assert all(actions == [outputs.alarm_topic_arn] for actions in first["alarms"].values())
    assert (first["addresses"], changed["addresses"]) == (["203.0.113.7"], ["203.0.113.8"])
    assert set(first["retention"].values()) == {30}
    # The flow log's own time is nobody's to choose.
    assert {days for name, days in changed["retention"].items() if name != FLOWS} == {60}
    assert COPY in first["buckets"]
    assert COPY not in changed["buckets"]
    assert outputs.replica_bucket == COPY
    assert read_platform_outputs(changed["outputs"]).replica_bucket is None
    the_services_stood(first, changed, outputs)
    the_network_stood(first, changed)
    assert what_is_left(told["left"]) == {}


def the_services_stood(first: dict[str, Any], changed: dict[str, Any], outputs: PlatformOutputs) -> None:
    runtime = outputs.runtime
    assert runtime is not None
    assert first["services"].keys() == {process.name for process in PROCESSES} == runtime.services.keys()
    assert {image[-1] for image in first["services"].values()} == {"0"}
    assert {image[-1] for image in changed["services"].values()} == {"1"}
    assert (first["most"], changed["most"]) == ([4], [6])
    assert first["routes"] == sorted(f"ANY {path}" for process in OPEN for path in route_paths(process))
    assert (first["domains"], first["aliases"]) == (["api.example.com"], ["api.example.com."])
    assert first["secrets"] == sorted(runtime.secrets.values())
    assert len(first["groups"]) == 3
    assert sorted(first["policies"]) == [
        "flowllama-sample-us-east-1-agent-task",
        "flowllama-sample-us-east-1-boundary",
    ]
    assert runtime.state_bucket in first["buckets"]


def the_network_stood(first: dict[str, Any], changed: dict[str, Any]) -> None:
    for told in (first, changed):
        assert (told["vpcs"], told["subnets"], told["endpoints"], told["flow_logs"]) == (1, 4, 1, 1)
        assert len(told["rules"]) == 2
    assert (first["gateways"], first["elastic"]) == (2, 2)
    assert (changed["gateways"], changed["elastic"]) == (1, 1)


def what_is_left(left: dict[str, Any]) -> dict[str, Any]:
    """A key waits thirty days for its end, as it should; the state's own bucket was there before."""
    keys = set(left.pop("keys")) - {"PendingDeletion"}
    buckets = [bucket for bucket in left.pop("buckets") if bucket != "state"]
    return {name: found for name, found in {**left, "keys": keys, "buckets": buckets}.items() if found}
