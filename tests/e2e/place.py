"""Ports, a directory and loopback networks that no other platform on this machine uses."""

import fcntl
import os
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path
from typing import IO

from infra.local.ports import ports_from

PLACES = 10


@contextmanager
def free_place() -> Iterator[Mapping[str, str]]:
    """The settings of a place that is ours until the block ends, also while nothing listens there yet."""
    for place in range(PLACES):
        port = 18080 + 40 * place
        with Path(tempfile.gettempdir(), f"flowllama-test-place-{os.getuid()}-{place}.lock").open(
            "w"
        ) as lock:
            if not _locked(lock) or any(_accepts(each) for each in astuple(ports_from(port))):
                continue
            yield {
                "FLOWLLAMA_PORT": str(port),
                "FLOWLLAMA_LOCAL_DIR": f".local-tests-{place}",
                "FLOWLLAMA_LOCAL_NET": f"127.{90 + place}.0.0/16",
                "FLOWLLAMA_LOCAL_PUBLIC_NET": f"127.{190 + place}.0.0/16",
            }
            return
    raise RuntimeError("every place for a test platform is taken; is one still running?")


def _locked(file: IO[str]) -> bool:
    """Two workers of one run ask at the same moment; the lock ends with its process at the latest."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
