"""`python -m infra.local.cloud`: the cloud emulator and the fleet simulator in one process.

MOTO_AMIS_PATH must be set before this starts: moto reads its images when it is imported.
"""

import asyncio
import contextlib
import signal
import threading
import uuid

from infra.local.certificate import read_root
from infra.local.cloud import notices, real_ollama
from infra.local.cloud.addresses import hand_out_from
from infra.local.cloud.balancers import Balancers
from infra.local.cloud.control import ControlDoor
from infra.local.cloud.emulator import Emulator, serve
from infra.local.cloud.faults import Faults
from infra.local.cloud.fleet import Fleet
from infra.local.cloud.settings import CloudSettings, cloud_settings
from infra.local.moto_repairs import repair
from services.chassis.config import read
from services.chassis.logs import configure, get_logger

log = get_logger(__name__)


def main() -> None:
    settings = read(cloud_settings)
    configure("cloud-emulator", settings.log_level)
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(_run(settings))


async def _run(settings: CloudSettings) -> None:
    repair()
    hand_out_from(settings.public_network)
    emulator = Emulator(Faults())
    emulator.warm_up(settings.region)
    real = real_ollama.find()
    if real is not None:
        await real.start()
    fleet = Fleet(emulator, boot_s=settings.boot_s, real=real)
    balancers = Balancers(emulator, read_root(settings.root_file))
    loop = asyncio.get_running_loop()
    boot_id = uuid.uuid4().hex
    announce = notices.to_queue(settings.region) if settings.has_queues else None
    door = ControlDoor(emulator, fleet, balancers, loop, boot_id, announce)
    server = serve(door, settings.host, settings.port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    log.info("cloud_emulator_ready", port=settings.port, boot_id=boot_id)
    following = asyncio.gather(fleet.run(), balancers.run())
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, following.cancel)
    try:
        await following
    finally:
        if real is not None:
            await real.stop()


if __name__ == "__main__":
    main()
