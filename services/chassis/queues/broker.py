"""The broker that the settings name."""

from services.chassis.config import CommonSettings
from services.chassis.queues.memory import MemoryQueues
from services.chassis.queues.port import Queues
from services.chassis.queues.sqs import SqsQueues


def connect(settings: CommonSettings) -> Queues:
    return MemoryQueues() if settings.broker == "memory" else SqsQueues()
