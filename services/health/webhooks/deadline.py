"""A limit on the whole exchange: a receiver that drips a byte at a time resets every timeout of a single read.

While a `Deadline` is entered, every connection its thread opens through `DeadlineConnection` is watched; when
time is up they are shut down, which ends whatever the thread waits for.
"""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

from urllib3.connection import HTTPConnection, HTTPSConnection

_entered = threading.local()


class Deadline:
    """`over` says whether time ran out: an answer cut off within its headers looks whole to the HTTP library."""

    def __init__(self, seconds: float) -> None:
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self.over = False
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        _entered.deadline = self
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        _entered.deadline = None
        with self._lock:
            for watched in self._sockets:
                watched.close()

    def watch(self, connection: socket.socket) -> None:
        """Keep a second descriptor: TLS takes the first one away, and a shutdown through either ends both."""
        with self._lock:
            self._sockets.append(connection.dup())
            if self.over:
                _shut_down(self._sockets[-1])

    def _expire(self) -> None:
        with self._lock:
            self.over = True
            for watched in self._sockets:
                _shut_down(watched)


class _Watched:
    def _new_conn(self) -> socket.socket:
        connection: socket.socket = super()._new_conn()  # type: ignore[misc]  # Of the urllib3 class beside.
        deadline: Deadline | None = getattr(_entered, "deadline", None)
        if deadline is not None:
            deadline.watch(connection)
        return connection


class DeadlineHTTPConnection(_Watched, HTTPConnection):
    """Plain HTTP, for networks that the operator listed."""


class DeadlineHTTPSConnection(_Watched, HTTPSConnection):
    """TLS."""


def _shut_down(connection: socket.socket) -> None:
    with suppress(OSError):  # It is closed already.
        connection.shutdown(socket.SHUT_RDWR)
