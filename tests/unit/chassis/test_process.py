"""Threads of a process: what raises comes again, what is told to stop stops."""

import threading

import pytest

from services.chassis import process


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "RESTART_S", 0.01)


def test_a_task_that_raises_is_started_again() -> None:
    runs, enough, stopping = list[int](), threading.Event(), threading.Event()

    def task(stop: threading.Event) -> None:
        runs.append(1)
        if len(runs) < 3:
            raise KeyError("cursor")
        enough.set()
        stop.wait(5)

    (thread,) = process.start([task], stopping)

    assert enough.wait(5)
    stopping.set()
    thread.join(timeout=5)
    assert not thread.is_alive()
    assert len(runs) == 3


def test_a_task_that_returns_is_done() -> None:
    runs = list[int]()

    (thread,) = process.start([lambda _: runs.append(1)], threading.Event())
    thread.join(timeout=5)

    assert runs == [1]


def test_a_task_that_raises_while_stopping_is_left() -> None:
    stopping = threading.Event()

    def task(stop: threading.Event) -> None:
        stop.set()
        raise RuntimeError("too late")

    (thread,) = process.start([task], stopping)
    thread.join(timeout=5)

    assert not thread.is_alive()


def test_threads_are_named_after_what_they_do() -> None:
    class Sweep:
        def run(self, stopping: threading.Event) -> None:
            stopping.wait(5)

    stopping = threading.Event()
    (thread,) = process.start([Sweep().run], stopping)
    stopping.set()

    assert thread.name == "sweep"
