"""Each cloud has a synth child of its own, and none before its first stack."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from contracts.vocabulary import Cloud
from services.agent.synth import SynthChild
from services.agent.synth_children import SynthChildren, child_of


class Child(SynthChild):
    def __init__(self, cloud: Cloud) -> None:
        super().__init__()
        self.cloud, self.asked, self.closed = cloud, 0, 0

    def prewarm(self, stopping: threading.Event) -> None:
        stopping.wait()

    def synthesise(self, spec: Mapping[str, Any], out: Path) -> None:
        self.asked += 1

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def started() -> list[Child]:
    return []


@pytest.fixture
def synth(started: list[Child]) -> SynthChildren:
    def start(cloud: Cloud) -> Child:
        started.append(Child(cloud))
        return started[-1]

    return SynthChildren(start=start)


def test_a_cloud_gets_its_child_with_its_first_stack_and_keeps_it(
    synth: SynthChildren, started: list[Child], tmp_path: Path
) -> None:
    assert not started

    for cloud in ("aws", "gcp", "aws"):
        synth.synthesise({"cloud": cloud}, tmp_path)

    assert [(child.cloud, child.asked) for child in started] == [(Cloud.AWS, 2), (Cloud.GCP, 1)]


def test_aws_is_warm_from_the_start_and_all_end_with_the_process(
    synth: SynthChildren, started: list[Child], tmp_path: Path
) -> None:
    stopping = threading.Event()
    keeper = threading.Thread(target=synth.prewarm, args=(stopping,))
    keeper.start()
    synth.synthesise({"cloud": "gcp"}, tmp_path)
    stopping.set()
    keeper.join(5)

    assert {child.cloud for child in started} == {Cloud.AWS, Cloud.GCP}
    assert all(child.closed for child in started)


def test_a_child_is_told_its_cloud() -> None:
    assert child_of(Cloud.GCP)._command[-4:] == ("infra.cdktf", "serve", "--cloud", "gcp")
