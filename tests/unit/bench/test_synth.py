"""What the synth part asks for, and what it makes of the times."""

import pytest

from contracts.stack_spec import load_stack_spec
from contracts.vocabulary import Cloud
from tests.bench.synth import Taken, deployments, report, specs


def test_deployments_of_both_clouds_are_timed() -> None:
    assert {Cloud(raw["cloud"]) for _, raw in deployments()} == {Cloud.AWS, Cloud.GCP}


def test_every_request_is_a_valid_deployment_of_its_own() -> None:
    for _, raw in deployments():
        loaded = [load_stack_spec(spec) for spec in specs(raw, 3)]

        assert len({spec.backend.key for spec in loaded}) == 3
        assert {spec.cloud for spec in loaded} == {Cloud(raw["cloud"])}


def test_medians_are_held_against_the_promises(capsys: pytest.CaptureFixture[str]) -> None:
    taken = Taken(
        cold=[9.0, 10.0, 30.0], warm=[[0.05, 0.07, 0.09]] * 2 + [[1.0]], alone=[14.0], written=[0.001]
    )

    warm, cold = report("deployment", taken)

    assert (warm.value, warm.kept) == (pytest.approx(70.0), False)
    assert (cold.value, cold.kept) == (10.0, True)
    assert "p95 90.0 ms, 200 times as fast as the process" in capsys.readouterr().out
