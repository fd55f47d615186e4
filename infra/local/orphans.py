"""Children of ended children: on Linux they become the supervisor's own, so that it can end and bury them."""

import ctypes
import os
import sys
import time
from collections.abc import Collection

_PR_SET_CHILD_SUBREAPER = 36  # <linux/prctl.h>


def adopt() -> None:
    """From now on orphans below this process are handed to it and not to process 1. No effect elsewhere."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def bury(own: Collection[int]) -> None:
    """Collect ended orphans. The processes in `own` are left for whoever started them."""
    while (ended := _next_ended()) is not None and ended not in own:
        os.waitpid(ended, 0)


def bury_all(timeout_s: float) -> None:
    """Wait for every child to end, adopted ones too, after all were killed."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            buried, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not buried:
            time.sleep(0.02)


def _next_ended() -> int | None:
    """Look at an ended child without collecting it."""
    try:
        found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return None
    return found.si_pid if found is not None else None
