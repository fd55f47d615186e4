"""Every example for AWS is valid, and what examples make comes, is settled and goes, by the real CLI and provider.

The first test sends it off; the second, which comes at the end, looks at how it went (tests/workers.py).
"""

from collections.abc import Iterator

import pytest

from infra.modules.__main__ import FOLDER
from tests.infra import terraform
from tests.infra.beside import LIMIT_S, Cycle, sent_off, told_by

pytestmark = [
    pytest.mark.terraform,
    pytest.mark.skipif(terraform.missing() is not None, reason=str(terraform.missing())),
]


@pytest.fixture(scope="session")
def cycle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cycle]:
    with sent_off("tests.infra.modules.examples_cycle", tmp_path_factory.mktemp("examples")) as running:
        yield running


@pytest.mark.first
def test_the_examples_set_out(cycle: Cycle) -> None:
    assert cycle.poll() is None


@pytest.mark.last
@pytest.mark.timeout(LIMIT_S + 30)
def test_the_examples_were_valid_came_were_settled_and_went(cycle: Cycle) -> None:
    told = told_by(cycle)

    examples = (FOLDER / "aws").glob("*/examples/*/main.tf")
    assert told["valid"] == sorted(f"{file.parents[2].name}-{file.parent.name}" for file in examples)
    assert told["stood"] == {
        "vpcs": 3,
        "addresses": 1,
        "templates": 2,
        "groups": 2,
        "balancers": 1,
        "target_groups": 1,
        "buckets": 3,
        "roles": 4,
        "profiles": 2,
        "log_groups": 1,
    }
    assert set(told["left"].values()) == {0}
