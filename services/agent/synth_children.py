"""One synth child for each cloud: the bindings of both in one process would take twice the memory and the time."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from contracts.vocabulary import Cloud
from services.agent.synth import COMMAND, SynthChild


def child_of(cloud: Cloud) -> SynthChild:
    return SynthChild((*COMMAND, "--cloud", cloud.value))


class SynthChildren:
    """The child of the `warm` cloud is started with the process, another cloud's when its first stack is asked for."""

    def __init__(self, warm: Cloud = Cloud.AWS, start: Callable[[Cloud], SynthChild] = child_of) -> None:
        self._warm, self._start = warm, start
        self._lock = threading.Lock()
        self._children: dict[Cloud, SynthChild] = {}

    def prewarm(self, stopping: threading.Event) -> None:
        self._child(self._warm).prewarm(stopping)
        self.close()

    def synthesise(self, spec: Mapping[str, Any], out: Path) -> None:
        self._child(Cloud(spec["cloud"])).synthesise(spec, out)

    def close(self) -> None:
        with self._lock:
            children = [*self._children.values()]
        for child in children:
            child.close()

    def _child(self, cloud: Cloud) -> SynthChild:
        # Only made here; a child starts its process when it is first asked, outside this lock.
        with self._lock:
            if cloud not in self._children:
                self._children[cloud] = self._start(cloud)
            return self._children[cloud]
