"""The way in to what a record is about: a machine by its literal address, or a balancer by its name."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from services.chassis.config import Network
from services.health.addresses import authority, may_be_polled, may_be_resolved
from services.health.pinned_http import UnusableAnswerError

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
THREADS = 16


class SystemNames:
    """All addresses of a name, in the order in which the operating system would try them. Raises OSError.

    The threads are its own: a name service that hangs must not hold up those that write to the store.
    """

    def __init__(self, threads: int = THREADS) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="names")

    async def __call__(self, name: str, port: int) -> Sequence[str]:
        ask = partial(socket.getaddrinfo, name, port, type=socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, ask)
        return [str(entry[4][0]) for entry in found]


def of_machine(address: str, port: int, networks: Sequence[Network]) -> str:
    """Host and port to connect to. Raises `UnusableAnswerError` for what may not be polled."""
    if not may_be_polled(address, networks):
        raise UnusableAnswerError("its address is not one that may be polled")
    return authority(address, port)


async def of_balancer(name: str, port: int, networks: Sequence[Network], resolver: Resolve) -> str:
    """The same for a name. One address that may not be polled refuses the name: a name that points inside and outside
    at once is an attack. Whoever connects uses the answer and asks no resolver again."""
    addresses = await _addresses(name, port, resolver)
    for address in addresses:
        of_machine(address, port, networks)
    return authority(addresses[0], port)


async def _addresses(name: str, port: int, resolver: Resolve) -> Sequence[str]:
    if _is_literal(name):
        return [name]
    if not may_be_resolved(name):
        raise UnusableAnswerError("its name is none that may be resolved")
    try:
        found = await resolver(name, port)
    except OSError as error:
        raise UnusableAnswerError("its name does not resolve") from error
    if not found:
        raise UnusableAnswerError("its name does not resolve")
    return found


def _is_literal(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
