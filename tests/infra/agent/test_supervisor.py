"""The supervisor: whatever happens, Terraform is asked once, waited for, and killed only when its lease ends."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from services.agent.runs import FIELD, Runs
from services.agent.store import COLLECTIONS, RUNS
from services.agent.terraform import LeaseAddress
from services.chassis.mongo import Store, declare
from tests.infra.agent.conftest import FAKE, Bench, until

RUN = "dep_01k00000000000000000000000"


def test_the_steps_run_in_turn_and_what_comes_out_arrives(bench: Bench) -> None:
    ended = bench.apply(bench.terraform())

    assert ended.ok
    assert ended.outputs == {"address": "127.77.0.9"}
    assert [line.split()[1] for line in bench.journal() if line.startswith("began")] == [
        "init",
        "plan",
        "apply",
    ]


def test_the_exit_status_passes_through_and_later_steps_are_left_out(bench: Bench) -> None:
    ended = bench.apply(bench.terraform(FAKE_STATUS="3"))

    assert (ended.status, ended.ok, ended.crashed) == (3, False, False)
    assert bench.journal()[-1] == "ended init"


def test_asked_to_stop_terraform_gets_exactly_one_sigint_and_is_waited_for(bench: Bench) -> None:
    def ask_twice() -> None:
        bench.await_line("began apply")
        bench.stop.set()

    threading.Thread(target=ask_twice).start()

    ended = bench.apply(bench.terraform(FAKE_SECONDS="30"))

    assert bench.journal()[-2:] == ["SIGINT", "stopped"]
    assert bench.journal().count("SIGINT") == 1
    assert (ended.status, ended.interrupted) == (1, "asked")


def test_a_stop_between_two_steps_begins_no_further_one(bench: Bench) -> None:
    bench.stop.set()

    ended = bench.apply(bench.terraform(FAKE_SECONDS="30"))

    assert not ended.ok
    assert ended.interrupted == "asked"
    assert not any(line.startswith("ended apply") for line in bench.journal())


def test_the_time_limit_asks_once_as_well(bench: Bench) -> None:
    ended = bench.apply(bench.terraform(limit_s=3, FAKE_SECONDS="30"))

    assert ended.interrupted == "time_limit"
    assert bench.journal().count("SIGINT") == 1


def test_a_terraform_that_is_killed_is_a_crash(bench: Bench) -> None:
    def kill() -> None:
        bench.await_line("began apply")
        os.kill(bench.pid(), signal.SIGKILL)

    threading.Thread(target=kill).start()

    ended = bench.apply(bench.terraform(FAKE_SECONDS="30"))

    assert (ended.status, ended.crashed) == (137, True)


def test_the_parents_death_asks_once_and_the_work_is_ended_in_order(bench: Bench) -> None:
    supervisor = _supervise(bench, lease=None)
    bench.await_line("began apply")

    supervisor.stdin.close()  # What a kill -9 of the agent does to the pipe.

    assert supervisor.wait(timeout=20) == 1
    assert bench.journal()[-2:] == ["SIGINT", "stopped"]
    assert bench.journal().count("SIGINT") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_the_supervisors_own_death_reaches_terraform(bench: Bench) -> None:
    supervisor = _supervise(bench, lease=None)
    bench.await_line("began apply")

    supervisor.kill()

    bench.await_line("stopped")
    bench.workspace.await_end(limit_s=10)
    assert bench.journal().count("SIGINT") == 1


def test_the_supervisors_death_ends_the_run_only_after_terraform_has_ended(bench: Bench) -> None:
    def kill_supervisor() -> None:
        bench.await_line("began apply")
        os.kill(_parent_of(_parent_of(bench.pid())), signal.SIGKILL)  # Between them is the tether.

    threading.Thread(target=kill_supervisor).start()

    ended = bench.apply(bench.terraform(FAKE_SECONDS="30"))

    assert ended.crashed
    assert bench.journal()[-1] == "stopped"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_the_tethers_own_death_is_one_sigint_too(bench: Bench) -> None:
    supervisor = _supervise(bench, lease=None)
    bench.await_line("began apply")

    os.kill(_parent_of(bench.pid()), signal.SIGKILL)

    bench.await_line("stopped")
    assert supervisor.wait(timeout=20) == 128 + signal.SIGKILL
    assert bench.journal().count("SIGINT") == 1


def test_the_lease_is_renewed_while_terraform_runs(bench: Bench, store: Store) -> None:
    lease = _leased(store, ttl_s=6.0)

    ended = bench.apply(bench.terraform(FAKE_SECONDS="7"), lease)

    assert ended.ok
    assert bench.journal().count("SIGINT") == 0
    assert store[RUNS.name].find_one({"_id": RUN})[FIELD]["owner"] == "us"


def test_a_lease_that_somebody_else_has_stops_terraform(bench: Bench, store: Store) -> None:
    lease = _leased(store, ttl_s=6.0)

    def take_over() -> None:
        bench.await_line("began apply")
        store[RUNS.name].update_one(
            {"_id": RUN}, {"$set": {f"{FIELD}.owner": "another", f"{FIELD}.epoch": 9}}
        )

    threading.Thread(target=take_over).start()

    ended = bench.apply(bench.terraform(FAKE_SECONDS="30"), lease)

    assert ended.interrupted == "lease_lost"
    assert bench.journal().count("SIGINT") == 1


def test_a_store_that_is_away_for_half_the_lease_stops_terraform(bench: Bench) -> None:
    away = LeaseAddress("mongodb://127.0.0.1:1/", "none", "runs", RUN, FIELD, "us", 1, 6.0)
    began = time.monotonic()

    ended = bench.apply(bench.terraform(FAKE_SECONDS="30"), away)

    assert ended.interrupted == "lease_not_renewed"
    assert 2.9 <= time.monotonic() - began < 12
    assert bench.journal().count("SIGINT") == 1


def test_a_terraform_that_does_not_listen_is_killed_when_the_lease_ends(bench: Bench) -> None:
    away = LeaseAddress("mongodb://127.0.0.1:1/", "none", "runs", RUN, FIELD, "us", 1, 8.0)

    ended = bench.apply(bench.terraform(FAKE_SECONDS="60", FAKE_DEAF="yes"), away)

    assert ended.status == 137
    assert bench.journal().count("SIGINT") == 1
    until(lambda: not os.path.exists(f"/proc/{bench.pid()}"))  # noqa: PTH110


def test_a_ctrl_c_in_the_terminal_is_the_agents_to_pass_on(bench: Bench) -> None:
    supervisor = _supervise(bench, lease=None, seconds="1")
    bench.await_line("began apply")

    supervisor.send_signal(signal.SIGINT)
    supervisor.send_signal(signal.SIGTERM)

    assert supervisor.wait(timeout=20) == 0
    assert bench.journal().count("SIGINT") == 0


def test_terraform_can_be_asked_although_the_agent_was_started_with_sigint_ignored(bench: Bench) -> None:
    supervisor = _supervise(bench, lease=None, ignoring_sigint=True)
    bench.await_line("began apply")

    supervisor.stdin.write("interrupt\n")
    supervisor.stdin.flush()

    assert supervisor.wait(timeout=20) == 1
    assert bench.journal().count("SIGINT") == 1


def test_a_state_that_could_not_be_pushed_goes_before_anything_else(bench: Bench) -> None:
    bench.workspace.errored_state.write_text("{}")

    ended = bench.apply(bench.terraform())

    begun = [line.split()[1] for line in bench.journal() if line.startswith("began")]
    assert ended.ok
    assert begun == ["init", "state", "init", "plan", "apply"]
    assert not bench.workspace.errored_state.exists()


def _leased(store: Store, *, ttl_s: float) -> LeaseAddress:
    declare(store, COLLECTIONS)
    runs = Runs(store, lease_s=ttl_s)
    run = runs.acquire(RUN, "us")
    assert run is not None
    host, port = store.client.address
    return LeaseAddress(
        f"mongodb://{host}:{port}/", store.name, RUNS.name, RUN, FIELD, "us", run[FIELD]["epoch"], ttl_s
    )


def _supervise(
    bench: Bench, *, lease: None, seconds: str = "30", ignoring_sigint: bool = False
) -> "subprocess.Popen[str]":
    """The supervisor with this test as its parent."""
    job = {
        "steps": [[str(FAKE), "apply"]],
        "directory": str(bench.workspace.path),
        "environment": {"PATH": "/usr/bin:/bin:/usr/local/bin", "FAKE_SECONDS": seconds},
        "limit_s": 60,
        "output": str(bench.workspace.output),
        "lock": str(bench.workspace.lock),
        "lease": lease,
    }
    supervisor = subprocess.Popen(
        [sys.executable, "-m", "services.agent.supervisor"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        preexec_fn=(lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)) if ignoring_sigint else None,  # noqa: PLW1509
    )
    supervisor.stdin.write(json.dumps(job) + "\n")
    supervisor.stdin.flush()
    return supervisor


def _parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().split()[3])
