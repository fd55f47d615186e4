"""The synth child: kept warm, asked one at a time, replaced when it dies, hangs or has served enough."""

import sys
import threading
import time
from itertools import pairwise
from pathlib import Path

import pytest

from services.agent.synth import SynthChild, SynthError
from services.chassis.errors import RejectError

CHILD = """
import json, os, sys, time
print(json.dumps({"ready": True, "ms": 1}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    name = request["spec"].get("name")
    if name == "die":
        sys.exit(1)
    if name == "hang":
        time.sleep(60)
    if name == "bad":
        error = {"kind": "invalid_spec", "message": "no", "fields": {"zone": ["Must be one."]}}
        print(json.dumps({"id": request["id"], "ok": False, "error": error}), flush=True)
        continue
    with open(request["out"], "a") as out:
        out.write(f"{os.getpid()} {time.monotonic()} ")
        time.sleep(0.02)
        out.write(f"{time.monotonic()}\\n")
    print(json.dumps({"id": request["id"], "ok": True, "file": request["out"], "ms": 1}), flush=True)
"""


@pytest.fixture
def served(tmp_path: Path) -> Path:
    return tmp_path / "served"


def child(**how: float) -> SynthChild:
    return SynthChild((sys.executable, "-c", CHILD), **how)


def lines(served: Path) -> list[list[str]]:
    return [line.split() for line in served.read_text().splitlines()]


def test_one_child_serves_many_requests(served: Path) -> None:
    synth = child()

    for _ in range(3):
        synth.synthesise({}, served)
    synth.close()

    assert len({pid for pid, _, _ in lines(served)}) == 1


def test_requests_of_many_threads_come_one_at_a_time(served: Path) -> None:
    synth = child()
    threads = [threading.Thread(target=synth.synthesise, args=({}, served)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    synth.close()

    times = sorted((float(begun), float(ended)) for _, begun, ended in lines(served))
    assert all(ended <= begun for (_, ended), (begun, _) in pairwise(times))


def test_a_child_that_died_is_replaced(served: Path) -> None:
    synth = child()

    with pytest.raises(SynthError, match="has ended"):
        synth.synthesise({"name": "die"}, served)
    synth.synthesise({}, served)
    synth.close()

    assert len(lines(served)) == 1


def test_a_child_that_hangs_is_given_up_and_replaced(served: Path) -> None:
    synth = child(request_limit_s=0.3)

    with pytest.raises(SynthError, match=r"within 0\.3 s"):
        synth.synthesise({"name": "hang"}, served)
    synth.close()


def test_a_child_is_renewed_after_so_many_requests(served: Path) -> None:
    synth = child(requests_per_child=2)

    for _ in range(4):
        synth.synthesise({}, served)
    synth.close()

    assert len({pid for pid, _, _ in lines(served)}) == 2


def test_a_spec_that_is_refused_is_beyond_retrying(served: Path) -> None:
    synth = child()

    with pytest.raises(RejectError, match="Must be one"):
        synth.synthesise({"name": "bad"}, served)
    synth.synthesise({}, served)
    synth.close()


def test_the_child_is_started_ahead_and_ended_with_the_process(served: Path) -> None:
    synth, stopping = child(), threading.Event()
    keeper = threading.Thread(target=synth.prewarm, args=(stopping,))
    keeper.start()
    deadline = time.monotonic() + 10
    while synth._child is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process = synth._child._process

    stopping.set()
    keeper.join(timeout=10)

    assert process.poll() is not None
