"""Between the supervisor and Terraform: one process with one thread, so that one request is exactly one SIGINT.

The kernel's death signal comes once for every thread of a parent that dies, and the supervisor has several
threads. So it is sent here, and passed on once. Should this process be killed as well, the death of its only
thread is that one signal. Run by path with the standard library alone; argument list: the command.
"""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence

PR_SET_PDEATHSIG = 1


def main(command: Sequence[str]) -> int:
    """Run the command; its exit status is ours, and a signal that ends it ends us."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # Until there is somebody to pass it on to.
    child = subprocess.Popen(command, close_fds=False, preexec_fn=_prepared())  # noqa: PLW1509 - one thread.
    asked = False

    def ask(*_: object) -> None:
        nonlocal asked
        if not asked:
            asked = True
            child.send_signal(signal.SIGINT)

    signal.signal(signal.SIGINT, ask)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    status = child.wait()
    if status < 0:
        if -status != signal.SIGKILL:
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    return status


def _prepared() -> Callable[[], None]:
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def prepare() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        prctl(PR_SET_PDEATHSIG, signal.SIGINT)

    return prepare


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
