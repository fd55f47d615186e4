"""Gives every balancer that moto has a real TLS listener, because moto's own forward nothing.

What a real balancer does otherwise: it checks its targets every few seconds and by thresholds, presents the
certificate that its listener names, and takes minutes to come and to go. Here the check comes twice a second, one
answer decides, and the certificate is issued by the local root for the address called.
"""

import asyncio
import ssl
from collections.abc import Sequence
from typing import Any

import trustme

from infra.local.cloud.balancer import Balancer
from infra.local.cloud.emulator import Emulator
from infra.local.cloud.snapshots import Listening
from services.chassis.logs import get_logger

log = get_logger(__name__)

CHECK_EVERY_S = 0.5


class Balancers:
    """All state lives on the event loop; the control door crosses over to it."""

    def __init__(self, emulator: Emulator, root: trustme.CA) -> None:
        self._emulator = emulator
        self._root = root
        self._open: dict[tuple[str, int], Balancer] = {}
        self._refused: set[tuple[str, int]] = set()

    async def run(self) -> None:
        """Follow the emulator for ever."""
        while True:
            await self.follow(self._emulator.listening())
            await asyncio.gather(*(balancer.check() for balancer in self._open.values()))
            await asyncio.sleep(CHECK_EVERY_S)

    async def follow(self, listening: Sequence[Listening]) -> None:
        """Open what is new, take over what changed, close what is gone."""
        there = {(each.address, each.port): each for each in listening}
        for place in set(self._open) - set(there):
            await self._open.pop(place).close()
            log.info("balancer_ended", address=place[0])
        self._refused &= set(there)
        for place, seen in there.items():
            if place in self._open:
                self._open[place].see(seen)
            elif place not in self._refused:
                await self._start(place, seen)

    def describe(self) -> dict[str, Any]:
        return {"balancers": [balancer.describe() for balancer in self._open.values()]}

    async def _start(self, place: tuple[str, int], seen: Listening) -> None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._root.issue_cert(seen.address).configure_cert(tls)
        balancer = Balancer(seen, tls)
        try:
            await balancer.open()
        except OSError as error:
            await balancer.close()
            self._refused.add(place)
            log.warning("balancer_unreachable", address=seen.address, reason=str(error))
            return
        self._open[place] = balancer
        log.info("balancer_started", name=seen.name, address=seen.address, port=seen.port)
