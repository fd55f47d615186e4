"""What the agent does with each message, and when it gives one up."""

from collections.abc import Callable, Mapping
from functools import partial

from contracts import messages as m
from contracts.envelope import Message
from contracts.vocabulary import Reason
from services.agent import outcome
from services.agent.command import Command
from services.agent.destroy import destroy
from services.agent.ports import Ports
from services.agent.run import provision
from services.chassis.errors import StaleError
from services.chassis.logs import get_logger
from services.chassis.worker import Handler

log = get_logger(__name__)

ANNOUNCE_TRIES = 5


def handle_provision(message: Message, *, ports: Ports) -> None:
    provision(Command.of(message), ports=ports)


def handle_destroy(message: Message, *, ports: Ports) -> None:
    destroy(Command.of(message), ports=ports)


def on_dead_letter(message: Message, reason: str, *, ports: Ports) -> None:
    """The command will not be carried out unless somebody looks: its deployment needs attention."""
    if message.type not in HANDLERS:
        return
    command = Command.of(message)
    fact = outcome.failed(
        command, Reason.COMMAND_DEAD_LETTERED, f"The agent gave up on {command.kind}: {reason}"
    )
    for attempt in range(ANNOUNCE_TRIES):
        try:
            ports.runs.announce(command.deployment_id, outcome.compose(command, [fact])[0])
            return
        except StaleError:
            log.info("dead_letter_was_overtaken", attempt=attempt)
    raise StaleError("the run's record changes all the time")


def bound(ports: Ports) -> Mapping[str, Handler]:
    """The table of this service, bound to its ports."""
    return {kind: partial(handler, ports=ports) for kind, handler in HANDLERS.items()}


HANDLERS: Mapping[str, Callable[..., None]] = {
    m.PROVISION: handle_provision,
    m.DESTROY: handle_destroy,
}
